"""outgoing: lines of a paper on its route, recipients, number series; incoming: importance, fates, who ended it"""

import hashlib

import sqlalchemy as sa
from alembic import op

from app.engine.moments import Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


#: Tables of records that were there before.
KEPT = (
    "accountability_case",
    "assignment",
    "attachment",
    "calendar_day",
    "circulation",
    "circulation_entry",
    "clock_rule",
    "copy_movement",
    "correspondent",
    "customer",
    "customer_contact",
    "department",
    "destruction_entry",
    "destruction_list",
    "dispatch_order",
    "envelope",
    "envelope_defect",
    "envelope_line",
    "escalation_rung",
    "extension_request",
    "follow_up",
    "follow_up_note",
    "handling_note",
    "hold",
    "identity_request",
    "incoming_document",
    "leader_instruction",
    "order_line",
    "outgoing_document",
    "paper_copy",
    "paper_order",
    "payment",
    "person",
    "product",
    "register",
    "return_campaign",
    "return_item",
    "rule",
    "sales_order",
    "sealed_identity",
    "service_ticket",
    "supervision",
    "supplementary_task",
)


def cover(bind: sa.Connection, *columns: str) -> None:
    """Let the checksum of a signed text cover these columns."""
    names = ", ".join(("id", *columns))
    rows = bind.execute(sa.text(f"SELECT {names} FROM outgoing_document WHERE text_checksum IS NOT NULL")).all()
    for key, *words in rows:
        digest = hashlib.sha256("\x1f".join(str(word or "") for word in words).encode()).hexdigest()
        change = sa.text("UPDATE outgoing_document SET text_checksum = :digest WHERE id = :key")
        bind.execute(change, {"digest": digest, "key": key})


def words(table: str, column: str, name: str, choices: tuple[str, ...]) -> None:
    """Let the column take these words and no others."""
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(op.f(name), type_="check")
        quoted = ", ".join(f"'{choice}'" for choice in choices)
        batch.create_check_constraint(op.f(name), sa.text(f"{column} IN ({quoted})"))


def upgrade() -> None:
    op.create_table(
        "outgoing_series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("profile", sa.String(length=40), nullable=False),
        sa.Column(
            "level",
            sa.Enum("company", "department", name="level_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
            server_default="company",
        ),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("template", sa.String(length=60), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("head", sa.String(length=200), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("deleted_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_outgoing_series_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_series")),
        sa.UniqueConstraint("code", name=op.f("uq_outgoing_series_code")),
        sa.UniqueConstraint("name", name=op.f("uq_outgoing_series_name")),
        sa.UniqueConstraint("template", name=op.f("uq_outgoing_series_template")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("outgoing_series", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outgoing_series_department_id"), ["department_id"], unique=False)

    op.create_table(
        "past_handler",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["incoming_document.id"], name=op.f("fk_past_handler_document_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_past_handler_person_id")),
        sa.PrimaryKeyConstraint("person_id", "document_id", name=op.f("pk_past_handler")),
    )
    with op.batch_alter_table("past_handler", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_past_handler_document_id"), ["document_id"], unique=False)

    op.create_table(
        "countersignature",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("leader_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("answered_at", Moment(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("settlement", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "agreed",
                "reserved",
                "objected",
                "settled",
                "carried",
                "dropped",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_countersignature_department_id")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["outgoing_document.id"], name=op.f("fk_countersignature_document_id")
        ),
        sa.ForeignKeyConstraint(["leader_id"], ["person.id"], name=op.f("fk_countersignature_leader_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_countersignature_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_countersignature")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("countersignature", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_countersignature_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_countersignature_department_id"), ["department_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_countersignature_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_countersignature_leader_id"), ["leader_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_countersignature_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_countersignature_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "draft_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("addressees", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["outgoing_document.id"], name=op.f("fk_draft_version_document_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_draft_version_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_version")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("draft_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_draft_version_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_draft_version_person_id"), ["person_id"], unique=False)

    op.create_table(
        "joint_issuer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("signer", sa.String(length=100), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["outgoing_document.id"], name=op.f("fk_joint_issuer_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joint_issuer")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("joint_issuer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_joint_issuer_document_id"), ["document_id"], unique=False)

    op.create_table(
        "number_reservation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=True),
        sa.Column("holder_id", sa.Integer(), nullable=True),
        sa.Column("purpose", sa.String(length=300), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "reserved",
                "used",
                "voided",
                "released",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["outgoing_document.id"], name=op.f("fk_number_reservation_document_id")
        ),
        sa.ForeignKeyConstraint(["holder_id"], ["person.id"], name=op.f("fk_number_reservation_holder_id")),
        sa.ForeignKeyConstraint(["series_id"], ["outgoing_series.id"], name=op.f("fk_number_reservation_series_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_reservation")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("number_reservation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_number_reservation_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_number_reservation_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_number_reservation_holder_id"), ["holder_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_number_reservation_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_number_reservation_series_id"), ["series_id"], unique=False)
        batch_op.create_index("ix_number_reservation_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "print_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("printer", sa.String(length=200), nullable=False),
        sa.Column("premises", sa.String(length=200), nullable=True),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("checksum", sa.String(length=64), nullable=False),
        sa.Column("waste_sheets", sa.Integer(), nullable=True),
        sa.Column("plates", sa.Integer(), nullable=True),
        sa.Column("destroyed_on", sa.Date(), nullable=True),
        sa.Column("destroyed_how", sa.String(length=200), nullable=True),
        sa.Column("witness_id", sa.Integer(), nullable=True),
        sa.Column("second_witness_id", sa.Integer(), nullable=True),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["outgoing_document.id"], name=op.f("fk_print_run_document_id")),
        sa.ForeignKeyConstraint(["second_witness_id"], ["person.id"], name=op.f("fk_print_run_second_witness_id")),
        sa.ForeignKeyConstraint(["witness_id"], ["person.id"], name=op.f("fk_print_run_witness_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_run")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("print_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_print_run_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_print_run_second_witness_id"), ["second_witness_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_print_run_witness_id"), ["witness_id"], unique=False)

    op.create_table(
        "proof_round",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("clean", sa.Boolean(), nullable=True),
        sa.Column("waived", sa.String(length=300), nullable=True),
        sa.Column("checksum", sa.String(length=64), nullable=True),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["outgoing_document.id"], name=op.f("fk_proof_round_document_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_proof_round_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proof_round")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("proof_round", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_proof_round_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_proof_round_person_id"), ["person_id"], unique=False)

    op.create_table(
        "recipient",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column(
            "part",
            sa.Enum("main", "copy", "inside", name="part_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("correspondent_id", sa.Integer(), nullable=True),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("copy_numbers", sa.String(length=60), nullable=True),
        sa.Column("slip_due", sa.Boolean(), nullable=True),
        sa.Column(
            "channel",
            sa.Enum(
                "hand",
                "post",
                "confidential",
                "exchange",
                "electronic",
                name="channel_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=True,
        ),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.Column("signed_by", sa.String(length=100), nullable=True),
        sa.Column("signed_at", Moment(), nullable=True),
        sa.Column("slip_at", Moment(), nullable=True),
        sa.Column("returned_at", Moment(), nullable=True),
        sa.Column("incoming_id", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "to_send",
                "sent",
                "received",
                "acknowledged",
                "to_return",
                "returned",
                "struck_out",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["correspondent_id"], ["correspondent.id"], name=op.f("fk_recipient_correspondent_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_recipient_department_id")),
        sa.ForeignKeyConstraint(["document_id"], ["outgoing_document.id"], name=op.f("fk_recipient_document_id")),
        sa.ForeignKeyConstraint(["incoming_id"], ["incoming_document.id"], name=op.f("fk_recipient_incoming_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("recipient", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recipient_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_recipient_correspondent_id"), ["correspondent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_recipient_department_id"), ["department_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_recipient_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_recipient_incoming_id"), ["incoming_id"], unique=False)
        batch_op.create_index("ix_recipient_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "seal_use",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seal", sa.String(length=200), nullable=False),
        sa.Column("impressions", sa.Integer(), nullable=False),
        sa.Column("keeper_id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("checksum", sa.String(length=64), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["outgoing_document.id"], name=op.f("fk_seal_use_document_id")),
        sa.ForeignKeyConstraint(["keeper_id"], ["person.id"], name=op.f("fk_seal_use_keeper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal_use")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("seal_use", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_seal_use_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_seal_use_keeper_id"), ["keeper_id"], unique=False)

    with op.batch_alter_table("drawn_number", schema=None) as batch_op:
        batch_op.add_column(sa.Column("actor_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("changed_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("changed_by", sa.String(length=200), nullable=True))

    with op.batch_alter_table("envelope", schema=None) as batch_op:
        batch_op.add_column(sa.Column("silent", sa.Boolean(), nullable=True))

    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.add_column(sa.Column("keeper_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_hold_keeper_id"), ["keeper_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_hold_keeper_id"), "person", ["keeper_id"], ["id"])

    with op.batch_alter_table("incoming_document", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "importance",
                sa.Enum(
                    "ordinary",
                    "important",
                    name="importance_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=False,
                server_default="ordinary",
            )
        )
        batch_op.add_column(
            sa.Column(
                "proposed",
                sa.Enum(
                    "handle",
                    "read",
                    "relay",
                    "copy",
                    name="proposed_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("proposed_unit_id", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "ended_by",
                sa.Enum(
                    "document", "call", name="ended_by_known", native_enum=False, create_constraint=True, length=30
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("ended_words", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("ended_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("ended_told", sa.Text(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "fate",
                sa.Enum(
                    "closed",
                    "to_file",
                    "to_return",
                    "to_destroy",
                    name="fate_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=True,
            )
        )
        batch_op.create_index(batch_op.f("ix_incoming_document_proposed_unit_id"), ["proposed_unit_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_incoming_document_proposed_unit_id"), "department", ["proposed_unit_id"], ["id"]
        )

    with op.batch_alter_table("outgoing_document", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "level",
                sa.Enum(
                    "company", "department", name="level_known", native_enum=False, create_constraint=True, length=30
                ),
                nullable=False,
            )
        )
        batch_op.add_column(sa.Column("number_series_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("secrecy_period", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("copy_to", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("enclosures", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("note", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("basis", sa.Text(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "touches_money",
                sa.Enum("yes", "no", name="money_answered", native_enum=False, create_constraint=True, length=30),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("joint_numbers", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("reply_to_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("based_on_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("replaces_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("limit_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("ordered_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("reviewed_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("to_discuss", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("discussed_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("discussion_notes", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("finance_reviewer_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("finance_passed_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("executing_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("checker_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("checked_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("sign_words", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("rechecked_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("scope", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("deposited_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("ended_by_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_outgoing_document_based_on_id"), ["based_on_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outgoing_document_checker_id"), ["checker_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outgoing_document_ended_by_id"), ["ended_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outgoing_document_executing_id"), ["executing_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_outgoing_document_finance_reviewer_id"), ["finance_reviewer_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_outgoing_document_number_series_id"), ["number_series_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outgoing_document_ordered_by_id"), ["ordered_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outgoing_document_replaces_id"), ["replaces_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outgoing_document_reply_to_id"), ["reply_to_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_outgoing_document_based_on_id"), "outgoing_document", ["based_on_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_outgoing_document_finance_reviewer_id"), "person", ["finance_reviewer_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_outgoing_document_number_series_id"), "outgoing_series", ["number_series_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_outgoing_document_ordered_by_id"), "person", ["ordered_by_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_outgoing_document_ended_by_id"), "outgoing_document", ["ended_by_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_outgoing_document_reply_to_id"), "incoming_document", ["reply_to_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_outgoing_document_executing_id"), "department", ["executing_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_outgoing_document_replaces_id"), "outgoing_document", ["replaces_id"], ["id"]
        )
        batch_op.create_foreign_key(batch_op.f("fk_outgoing_document_checker_id"), "person", ["checker_id"], ["id"])

    with op.batch_alter_table("return_campaign", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rest_filed", sa.Boolean(), nullable=True))

    op.execute("UPDATE outgoing_document SET discussion_notes = countersigned WHERE countersigned IS NOT NULL")
    with op.batch_alter_table("outgoing_document") as batch:
        batch.drop_column("countersigned")
    words(
        "outgoing_document",
        "state",
        "ck_outgoing_document_state_known",
        (
            "drafting",
            "countersigning",
            "text_check",
            "signing",
            "signed",
            "numbered",
            "printing",
            "sealing",
            "issued",
            "recalled",
            "withdrawn",
            "voided",
            "ordered",
            "leader_review",
            "discussion",
            "finance_review",
            "rechecking",
            "rechecked",
            "proofreading",
            "ready",
            "issuing",
            "filed",
            "annulled",
        ),
    )
    op.execute("UPDATE outgoing_document SET state = 'proofreading' WHERE state = 'printing'")
    op.execute("UPDATE outgoing_document SET state = 'filed' WHERE state = 'issued'")
    words(
        "outgoing_document",
        "state",
        "ck_outgoing_document_state_known",
        (
            "drafting",
            "ordered",
            "leader_review",
            "discussion",
            "countersigning",
            "finance_review",
            "text_check",
            "signing",
            "signed",
            "rechecking",
            "rechecked",
            "numbered",
            "proofreading",
            "sealing",
            "ready",
            "issuing",
            "issued",
            "filed",
            "recalled",
            "annulled",
            "withdrawn",
            "voided",
        ),
    )
    words(
        "outgoing_document",
        "document_type",
        "ck_outgoing_document_type_known",
        (
            "resolution",
            "decision",
            "order",
            "communique",
            "announcement",
            "public_notice",
            "opinion",
            "notice",
            "circular",
            "report",
            "request",
            "reply",
            "bill",
            "letter",
            "minutes",
        ),
    )
    words(
        "incoming_document",
        "state",
        "ck_incoming_document_state_known",
        (
            "registered",
            "screened",
            "instructing",
            "in_handling",
            "in_circulation",
            "suspended",
            "result_in",
            "closed",
            "to_file",
            "to_return",
            "held",
            "to_destroy",
            "destroyed",
            "returned_to_sender",
            "terminated_by_sender",
            "passed_on",
            "voided",
        ),
    )
    words(
        "envelope",
        "channel",
        "ck_envelope_channel_known",
        (
            "issuer",
            "post",
            "courier",
            "exchange",
            "fax",
            "e_mail",
            "not_noted",
        ),
    )
    with op.batch_alter_table("incoming_document") as batch:
        batch.alter_column("importance", server_default=None)
    with op.batch_alter_table("outgoing_document") as batch:
        batch.alter_column("level", server_default=None)
    cover(
        op.get_bind(),
        "title",
        "addressees",
        "copy_to",
        "body",
        "enclosures",
        "note",
        "document_type",
        "urgency",
        "secrecy_period",
    )
    if op.get_bind().dialect.name == "sqlite":  # a key that was given once is never given again
        for table in KEPT:
            with op.batch_alter_table(table, recreate="always", table_kwargs={"sqlite_autoincrement": True}):
                pass


def downgrade() -> None:
    cover(op.get_bind(), "title", "addressees", "body")
    for after, before in (
        ("ordered", "drafting"), ("leader_review", "text_check"), ("discussion", "drafting"),
        ("finance_review", "text_check"), ("rechecking", "signing"), ("rechecked", "signed"),
        ("proofreading", "printing"),
        ("ready", "sealing"), ("issuing", "sealing"), ("filed", "issued"), ("annulled", "recalled"),
    ):  # fmt: skip
        if before == "printing":
            words(
                "outgoing_document",
                "state",
                "ck_outgoing_document_state_known",
                (
                    "drafting",
                    "countersigning",
                    "text_check",
                    "signing",
                    "signed",
                    "numbered",
                    "printing",
                    "sealing",
                    "issued",
                    "recalled",
                    "withdrawn",
                    "voided",
                    "ordered",
                    "leader_review",
                    "discussion",
                    "finance_review",
                    "rechecking",
                    "rechecked",
                    "proofreading",
                    "ready",
                    "issuing",
                    "filed",
                    "annulled",
                ),
            )
        op.execute(f"UPDATE outgoing_document SET state = '{before}' WHERE state = '{after}'")
    words(
        "outgoing_document",
        "state",
        "ck_outgoing_document_state_known",
        (
            "drafting",
            "countersigning",
            "text_check",
            "signing",
            "signed",
            "numbered",
            "printing",
            "sealing",
            "issued",
            "recalled",
            "withdrawn",
            "voided",
        ),
    )
    types = (
        "decision",
        "notice",
        "circular",
        "report",
        "request",
        "reply",
        "letter",
    )
    op.execute(f"UPDATE outgoing_document SET document_type = 'notice' WHERE document_type NOT IN {types}")
    words("outgoing_document", "document_type", "ck_outgoing_document_type_known", types)
    op.execute("UPDATE incoming_document SET state = 'to_destroy' WHERE state = 'destroyed'")
    words(
        "incoming_document",
        "state",
        "ck_incoming_document_state_known",
        (
            "registered",
            "screened",
            "instructing",
            "in_handling",
            "in_circulation",
            "suspended",
            "result_in",
            "closed",
            "to_file",
            "to_return",
            "held",
            "to_destroy",
            "returned_to_sender",
            "terminated_by_sender",
            "passed_on",
            "voided",
        ),
    )
    op.execute("UPDATE envelope SET channel = 'post' WHERE channel = 'not_noted'")
    words(
        "envelope",
        "channel",
        "ck_envelope_channel_known",
        (
            "issuer",
            "post",
            "courier",
            "exchange",
            "fax",
            "e_mail",
        ),
    )
    with op.batch_alter_table("return_campaign", schema=None) as batch_op:
        batch_op.drop_column("rest_filed")

    with op.batch_alter_table("outgoing_document", schema=None) as batch_op:
        batch_op.add_column(sa.Column("countersigned", sa.Text(), nullable=True))
    op.execute("UPDATE outgoing_document SET countersigned = discussion_notes WHERE discussion_notes IS NOT NULL")
    with op.batch_alter_table("outgoing_document", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_outgoing_document_checker_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_outgoing_document_replaces_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_outgoing_document_executing_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_outgoing_document_reply_to_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_outgoing_document_ended_by_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_outgoing_document_ordered_by_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_outgoing_document_number_series_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_outgoing_document_finance_reviewer_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_outgoing_document_based_on_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_outgoing_document_reply_to_id"))
        batch_op.drop_index(batch_op.f("ix_outgoing_document_replaces_id"))
        batch_op.drop_index(batch_op.f("ix_outgoing_document_ordered_by_id"))
        batch_op.drop_index(batch_op.f("ix_outgoing_document_number_series_id"))
        batch_op.drop_index(batch_op.f("ix_outgoing_document_finance_reviewer_id"))
        batch_op.drop_index(batch_op.f("ix_outgoing_document_executing_id"))
        batch_op.drop_index(batch_op.f("ix_outgoing_document_ended_by_id"))
        batch_op.drop_index(batch_op.f("ix_outgoing_document_checker_id"))
        batch_op.drop_index(batch_op.f("ix_outgoing_document_based_on_id"))
        batch_op.drop_column("ended_by_id")
        batch_op.drop_column("deposited_on")
        batch_op.drop_column("scope")
        batch_op.drop_column("rechecked_at")
        batch_op.drop_column("sign_words")
        batch_op.drop_column("checked_at")
        batch_op.drop_column("checker_id")
        batch_op.drop_column("executing_id")
        batch_op.drop_column("finance_passed_at")
        batch_op.drop_column("finance_reviewer_id")
        batch_op.drop_column("discussion_notes")
        batch_op.drop_column("discussed_at")
        batch_op.drop_column("to_discuss")
        batch_op.drop_column("reviewed_at")
        batch_op.drop_column("ordered_by_id")
        batch_op.drop_column("limit_at")
        batch_op.drop_column("replaces_id")
        batch_op.drop_column("based_on_id")
        batch_op.drop_column("reply_to_id")
        batch_op.drop_column("joint_numbers")
        batch_op.drop_constraint(op.f("ck_outgoing_document_money_answered"), type_="check")
        batch_op.drop_column("touches_money")
        batch_op.drop_column("basis")
        batch_op.drop_column("note")
        batch_op.drop_column("enclosures")
        batch_op.drop_column("copy_to")
        batch_op.drop_column("secrecy_period")
        batch_op.drop_column("number_series_id")
        batch_op.drop_constraint(op.f("ck_outgoing_document_level_known"), type_="check")
        batch_op.drop_column("level")

    with op.batch_alter_table("incoming_document", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_incoming_document_proposed_unit_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_incoming_document_proposed_unit_id"))
        batch_op.drop_constraint(op.f("ck_incoming_document_fate_known"), type_="check")
        batch_op.drop_column("fate")
        batch_op.drop_column("ended_told")
        batch_op.drop_column("ended_on")
        batch_op.drop_column("ended_words")
        batch_op.drop_constraint(op.f("ck_incoming_document_ended_by_known"), type_="check")
        batch_op.drop_column("ended_by")
        batch_op.drop_column("proposed_unit_id")
        batch_op.drop_constraint(op.f("ck_incoming_document_proposed_known"), type_="check")
        batch_op.drop_column("proposed")
        batch_op.drop_constraint(op.f("ck_incoming_document_importance_known"), type_="check")
        batch_op.drop_column("importance")

    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_hold_keeper_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_hold_keeper_id"))
        batch_op.drop_column("keeper_id")

    with op.batch_alter_table("envelope", schema=None) as batch_op:
        batch_op.drop_column("silent")

    with op.batch_alter_table("drawn_number", schema=None) as batch_op:
        batch_op.drop_column("changed_by")
        batch_op.drop_column("changed_at")
        batch_op.drop_column("actor_id")

    with op.batch_alter_table("seal_use", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_seal_use_keeper_id"))
        batch_op.drop_index(batch_op.f("ix_seal_use_document_id"))

    op.drop_table("seal_use")
    with op.batch_alter_table("recipient", schema=None) as batch_op:
        batch_op.drop_index("ix_recipient_state_due")
        batch_op.drop_index(batch_op.f("ix_recipient_incoming_id"))
        batch_op.drop_index(batch_op.f("ix_recipient_document_id"))
        batch_op.drop_index(batch_op.f("ix_recipient_department_id"))
        batch_op.drop_index(batch_op.f("ix_recipient_correspondent_id"))
        batch_op.drop_index(batch_op.f("ix_recipient_closed_at"))

    op.drop_table("recipient")
    with op.batch_alter_table("proof_round", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_proof_round_person_id"))
        batch_op.drop_index(batch_op.f("ix_proof_round_document_id"))

    op.drop_table("proof_round")
    with op.batch_alter_table("print_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_print_run_witness_id"))
        batch_op.drop_index(batch_op.f("ix_print_run_second_witness_id"))
        batch_op.drop_index(batch_op.f("ix_print_run_document_id"))

    op.drop_table("print_run")
    with op.batch_alter_table("number_reservation", schema=None) as batch_op:
        batch_op.drop_index("ix_number_reservation_state_due")
        batch_op.drop_index(batch_op.f("ix_number_reservation_series_id"))
        batch_op.drop_index(batch_op.f("ix_number_reservation_number"))
        batch_op.drop_index(batch_op.f("ix_number_reservation_holder_id"))
        batch_op.drop_index(batch_op.f("ix_number_reservation_document_id"))
        batch_op.drop_index(batch_op.f("ix_number_reservation_closed_at"))

    op.drop_table("number_reservation")
    with op.batch_alter_table("joint_issuer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_joint_issuer_document_id"))

    op.drop_table("joint_issuer")
    with op.batch_alter_table("draft_version", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_draft_version_person_id"))
        batch_op.drop_index(batch_op.f("ix_draft_version_document_id"))

    op.drop_table("draft_version")
    with op.batch_alter_table("countersignature", schema=None) as batch_op:
        batch_op.drop_index("ix_countersignature_state_due")
        batch_op.drop_index(batch_op.f("ix_countersignature_person_id"))
        batch_op.drop_index(batch_op.f("ix_countersignature_leader_id"))
        batch_op.drop_index(batch_op.f("ix_countersignature_document_id"))
        batch_op.drop_index(batch_op.f("ix_countersignature_department_id"))
        batch_op.drop_index(batch_op.f("ix_countersignature_closed_at"))

    op.drop_table("countersignature")
    with op.batch_alter_table("past_handler", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_past_handler_document_id"))

    op.drop_table("past_handler")
    with op.batch_alter_table("outgoing_series", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outgoing_series_department_id"))

    op.drop_table("outgoing_series")
