"""incoming documents: register books, rules, envelopes, instructions, assignments, circulation, copies, follow-up"""

import sqlalchemy as sa
from alembic import op

import app.engine.moments
import app.engine.money

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def words(table: str, column: str, name: str, choices: tuple[str, ...]) -> None:
    """Let the column take these words and no others."""
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(op.f(name), type_="check")
        quoted = ", ".join(f"'{choice}'" for choice in choices)
        batch.create_check_constraint(op.f(name), sa.text(f"{column} IN ({quoted})"))


def upgrade() -> None:

    op.create_table(
        "escalation_rung",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("record_kind", sa.String(length=40), nullable=True),
        sa.Column("stage", sa.String(length=40), nullable=True),
        sa.Column("profile", sa.String(length=40), nullable=True),
        sa.Column(
            "basis",
            sa.Enum(
                "half_time",
                "limit",
                "morning",
                name="basis_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column(
            "unit",
            sa.Enum(
                "working_days", "elapsed_hours", name="unit_known", native_enum=False, create_constraint=True, length=30
            ),
            nullable=False,
        ),
        sa.Column("least_days", sa.Integer(), nullable=True),
        sa.Column("below_days", sa.Integer(), nullable=True),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("daily", sa.Boolean(), nullable=True),
        sa.Column("until_answered", sa.Boolean(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("ours", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation_rung")),
    )
    op.create_table(
        "register",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("profile", sa.String(length=40), nullable=False),
        sa.Column("template", sa.String(length=60), nullable=False),
        sa.Column("kept_elsewhere", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("deleted_at", app.engine.moments.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register")),
        sa.UniqueConstraint("code", name=op.f("uq_register_code")),
        sa.UniqueConstraint("name", name=op.f("uq_register_name")),
        sa.UniqueConstraint("template", name=op.f("uq_register_template")),
    )
    op.create_table(
        "rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("setting", sa.String(length=40), nullable=False),
        sa.Column("profile", sa.String(length=40), nullable=True),
        sa.Column("value", sa.String(length=300), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("ours", sa.Boolean(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule")),
    )
    with op.batch_alter_table("rule", schema=None) as batch_op:
        batch_op.create_index("ix_rule_setting_profile", ["setting", "profile"], unique=False)

    op.create_table(
        "clock_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clock_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("before", app.engine.moments.Moment(), nullable=False),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("at", app.engine.moments.Moment(), nullable=False),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["clock_id"], ["clock.id"], name=op.f("fk_clock_version_clock_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_version")),
        sa.UniqueConstraint("clock_id", "number", name=op.f("uq_clock_version_clock_id_number")),
    )
    with op.batch_alter_table("clock_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_clock_version_at"), ["at"], unique=False)
        batch_op.create_index("ix_clock_version_kind_record", ["kind", "record_id"], unique=False)

    op.create_table(
        "destruction_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_no", sa.String(length=100), nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("proposer_id", sa.Integer(), nullable=True),
        sa.Column("appraiser_id", sa.Integer(), nullable=True),
        sa.Column("second_appraiser_id", sa.Integer(), nullable=True),
        sa.Column("approver_id", sa.Integer(), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("destroyed_on", sa.Date(), nullable=True),
        sa.Column("place", sa.String(length=200), nullable=True),
        sa.Column("way", sa.String(length=200), nullable=True),
        sa.Column("witness_id", sa.Integer(), nullable=True),
        sa.Column("second_witness_id", sa.Integer(), nullable=True),
        sa.Column("certificate", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "appraisal",
                "to_approve",
                "approved",
                "executed",
                "certified",
                "rejected",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("closed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["appraiser_id"], ["person.id"], name=op.f("fk_destruction_list_appraiser_id")),
        sa.ForeignKeyConstraint(["approver_id"], ["person.id"], name=op.f("fk_destruction_list_approver_id")),
        sa.ForeignKeyConstraint(["proposer_id"], ["person.id"], name=op.f("fk_destruction_list_proposer_id")),
        sa.ForeignKeyConstraint(
            ["second_appraiser_id"], ["person.id"], name=op.f("fk_destruction_list_second_appraiser_id")
        ),
        sa.ForeignKeyConstraint(
            ["second_witness_id"], ["person.id"], name=op.f("fk_destruction_list_second_witness_id")
        ),
        sa.ForeignKeyConstraint(["witness_id"], ["person.id"], name=op.f("fk_destruction_list_witness_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destruction_list")),
        sa.UniqueConstraint("list_no", name=op.f("uq_destruction_list_list_no")),
    )
    with op.batch_alter_table("destruction_list", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_destruction_list_appraiser_id"), ["appraiser_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_destruction_list_approver_id"), ["approver_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_destruction_list_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_destruction_list_proposer_id"), ["proposer_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_destruction_list_second_appraiser_id"), ["second_appraiser_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_destruction_list_second_witness_id"), ["second_witness_id"], unique=False)
        batch_op.create_index("ix_destruction_list_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_destruction_list_witness_id"), ["witness_id"], unique=False)

    op.create_table(
        "digest",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("begun_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("sent_at", app.engine.moments.Moment(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_digest_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest")),
        sa.UniqueConstraint("person_id", "day", name=op.f("uq_digest_person_id_day")),
    )
    op.create_table(
        "envelope",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("envelope_no", sa.String(length=100), nullable=True),
        sa.Column("register_id", sa.Integer(), nullable=True),
        sa.Column(
            "channel",
            sa.Enum(
                "issuer",
                "post",
                "courier",
                "exchange",
                "fax",
                "e_mail",
                name="channel_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("sender_id", sa.Integer(), nullable=True),
        sa.Column("sender_words", sa.String(length=200), nullable=True),
        sa.Column("outer_no", sa.String(length=100), nullable=True),
        sa.Column(
            "cover_secrecy",
            sa.Enum(
                "open",
                "internal",
                "secret",
                "confidential",
                "top_secret",
                "state_secret",
                "state_confidential",
                "state_top_secret",
                name="cover_secrecy_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("pieces", sa.Integer(), nullable=True),
        sa.Column("presented_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("deliverer", sa.String(length=100), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("personal", sa.Boolean(), nullable=True),
        sa.Column(
            "receipt",
            sa.Enum(
                "none",
                "enclosed",
                "returned",
                name="receipt_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("receipt_due", sa.Date(), nullable=True),
        sa.Column("received_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("signed_by_id", sa.Integer(), nullable=True),
        sa.Column("stamped", sa.Boolean(), nullable=True),
        sa.Column(
            "to_us",
            sa.Enum("yes", "no", name="to_us_known", native_enum=False, create_constraint=True, length=30),
            nullable=True,
        ),
        sa.Column(
            "count_matches",
            sa.Enum("yes", "no", name="count_matches_known", native_enum=False, create_constraint=True, length=30),
            nullable=True,
        ),
        sa.Column(
            "number_matches",
            sa.Enum("yes", "no", name="number_matches_known", native_enum=False, create_constraint=True, length=30),
            nullable=True,
        ),
        sa.Column(
            "intact",
            sa.Enum("yes", "no", name="intact_known", native_enum=False, create_constraint=True, length=30),
            nullable=True,
        ),
        sa.Column("reservation", sa.Text(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("opened_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("opened_by_id", sa.Integer(), nullable=True),
        sa.Column("forwarded_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("handed_to_id", sa.Integer(), nullable=True),
        sa.Column("handed_unit_id", sa.Integer(), nullable=True),
        sa.Column("signature", sa.String(length=100), nullable=True),
        sa.Column("confirmed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("receipt_signed_by", sa.String(length=100), nullable=True),
        sa.Column("receipt_stamped", sa.Boolean(), nullable=True),
        sa.Column("receipt_returned_on", sa.Date(), nullable=True),
        sa.Column("receipt_way", sa.String(length=100), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "presented",
                "expected",
                "signed_for",
                "refused",
                "opened",
                "forwarded_unopened",
                "handed_over",
                "discrepancy",
                "reconciled",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("closed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["handed_to_id"], ["person.id"], name=op.f("fk_envelope_handed_to_id")),
        sa.ForeignKeyConstraint(["handed_unit_id"], ["department.id"], name=op.f("fk_envelope_handed_unit_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["person.id"], name=op.f("fk_envelope_opened_by_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_envelope_person_id")),
        sa.ForeignKeyConstraint(["register_id"], ["register.id"], name=op.f("fk_envelope_register_id")),
        sa.ForeignKeyConstraint(["sender_id"], ["correspondent.id"], name=op.f("fk_envelope_sender_id")),
        sa.ForeignKeyConstraint(["signed_by_id"], ["person.id"], name=op.f("fk_envelope_signed_by_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["department.id"], name=op.f("fk_envelope_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_envelope")),
        sa.UniqueConstraint("envelope_no", name=op.f("uq_envelope_envelope_no")),
    )
    with op.batch_alter_table("envelope", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_envelope_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_envelope_handed_to_id"), ["handed_to_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_envelope_handed_unit_id"), ["handed_unit_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_envelope_opened_by_id"), ["opened_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_envelope_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_envelope_received_at"), ["received_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_envelope_register_id"), ["register_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_envelope_sender_id"), ["sender_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_envelope_signed_by_id"), ["signed_by_id"], unique=False)
        batch_op.create_index("ix_envelope_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_envelope_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("meant_for_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("paper_kind", sa.String(length=40), nullable=False),
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("rung_id", sa.Integer(), nullable=True),
        sa.Column("at", app.engine.moments.Moment(), nullable=False),
        sa.Column("read_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("mailed_at", app.engine.moments.Moment(), nullable=True),
        sa.ForeignKeyConstraint(["meant_for_id"], ["person.id"], name=op.f("fk_notice_meant_for_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_notice_person_id")),
        sa.ForeignKeyConstraint(["rung_id"], ["escalation_rung.id"], name=op.f("fk_notice_rung_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("ix_notice_person_read", ["person_id", "read_at"], unique=False)

    op.create_table(
        "return_campaign",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_no", sa.String(length=100), nullable=True),
        sa.Column("issuer_id", sa.Integer(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("signature", sa.String(length=100), nullable=True),
        sa.Column("handed_back_on", sa.Date(), nullable=True),
        sa.Column("incident", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "listing",
                "collecting",
                "handed_back",
                "closed",
                "closed_with_incident",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("closed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["issuer_id"], ["correspondent.id"], name=op.f("fk_return_campaign_issuer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_campaign")),
        sa.UniqueConstraint("campaign_no", name=op.f("uq_return_campaign_campaign_no")),
    )
    with op.batch_alter_table("return_campaign", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_return_campaign_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_return_campaign_issuer_id"), ["issuer_id"], unique=False)
        batch_op.create_index("ix_return_campaign_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "rung_sent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clock_id", sa.Integer(), nullable=False),
        sa.Column("rung_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("turn", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("at", app.engine.moments.Moment(), nullable=False),
        sa.ForeignKeyConstraint(["clock_id"], ["clock.id"], name=op.f("fk_rung_sent_clock_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["rung_id"], ["escalation_rung.id"], name=op.f("fk_rung_sent_rung_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rung_sent")),
        sa.UniqueConstraint(
            "clock_id", "rung_id", "version", "turn", name=op.f("uq_rung_sent_clock_id_rung_id_version_turn")
        ),
    )
    with op.batch_alter_table("rung_sent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rung_sent_at"), ["at"], unique=False)

    op.create_table(
        "accountability_case",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column(
            "fault",
            sa.Enum(
                "late_proposal",
                "late_handling",
                "late_circulation",
                "wrong_scope",
                "other",
                name="fault_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("noted_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("hearing", sa.Text(), nullable=True),
        sa.Column(
            "decision",
            sa.Enum(
                "no_action",
                "warning",
                "amount",
                name="decision_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=True,
        ),
        sa.Column("amount", app.engine.money.Money(), nullable=True),
        sa.Column("grounds", sa.Text(), nullable=True),
        sa.Column("appeal", sa.Text(), nullable=True),
        sa.Column("last_words", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "noted",
                "heard",
                "decided",
                "appealed",
                "final",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("closed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["incoming_document.id"], name=op.f("fk_accountability_case_document_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_accountability_case_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accountability_case")),
    )
    with op.batch_alter_table("accountability_case", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_accountability_case_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_accountability_case_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_accountability_case_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_accountability_case_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("lead", sa.Boolean(), nullable=True),
        sa.Column("handler_id", sa.Integer(), nullable=True),
        sa.Column("requirement", sa.Text(), nullable=True),
        sa.Column("limit_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("received_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("received_by_id", sa.Integer(), nullable=True),
        sa.Column("done_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("opinion", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "sent",
                "received",
                "suspended",
                "done",
                "accepted",
                "overruled",
                "called_off",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("closed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_assignment_department_id")),
        sa.ForeignKeyConstraint(["document_id"], ["incoming_document.id"], name=op.f("fk_assignment_document_id")),
        sa.ForeignKeyConstraint(["handler_id"], ["person.id"], name=op.f("fk_assignment_handler_id")),
        sa.ForeignKeyConstraint(["received_by_id"], ["person.id"], name=op.f("fk_assignment_received_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assignment_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignment_department_id"), ["department_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignment_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignment_handler_id"), ["handler_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignment_received_by_id"), ["received_by_id"], unique=False)
        batch_op.create_index("ix_assignment_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "circulation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=500), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "sequential",
                "parallel",
                "shared_copy",
                "reading_room",
                name="mode_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "form",
            sa.Enum("paper", "electronic", name="form_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column(
            "preparation",
            sa.Enum(
                "as_is",
                "scan",
                "photocopy",
                "download",
                name="preparation_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("opinion_required", sa.Boolean(), nullable=False),
        sa.Column("readers_per_copy", sa.Integer(), nullable=False),
        sa.Column("approver_id", sa.Integer(), nullable=True),
        sa.Column("started_by_id", sa.Integer(), nullable=True),
        sa.Column("started_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("copies_at_start", sa.Integer(), nullable=False),
        sa.Column("waiting_for", sa.Text(), nullable=True),
        sa.Column("prepared_by_id", sa.Integer(), nullable=True),
        sa.Column("file_deleted_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("summary_to_id", sa.Integer(), nullable=True),
        sa.Column("summary_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("summary_answer", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "running",
                "finished",
                "stopped",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("closed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["approver_id"], ["person.id"], name=op.f("fk_circulation_approver_id")),
        sa.ForeignKeyConstraint(["document_id"], ["incoming_document.id"], name=op.f("fk_circulation_document_id")),
        sa.ForeignKeyConstraint(["prepared_by_id"], ["person.id"], name=op.f("fk_circulation_prepared_by_id")),
        sa.ForeignKeyConstraint(["started_by_id"], ["person.id"], name=op.f("fk_circulation_started_by_id")),
        sa.ForeignKeyConstraint(["summary_to_id"], ["person.id"], name=op.f("fk_circulation_summary_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_circulation")),
    )
    with op.batch_alter_table("circulation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_circulation_approver_id"), ["approver_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_circulation_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_circulation_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_circulation_prepared_by_id"), ["prepared_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_circulation_started_by_id"), ["started_by_id"], unique=False)
        batch_op.create_index("ix_circulation_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_circulation_summary_to_id"), ["summary_to_id"], unique=False)

    op.create_table(
        "destruction_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("destruction_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column(
            "decision",
            sa.Enum(
                "destroy",
                "keep",
                "transfer",
                name="decision_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=True,
        ),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.Column("tombstone", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["destruction_id"], ["destruction_list.id"], name=op.f("fk_destruction_entry_destruction_id")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["incoming_document.id"], name=op.f("fk_destruction_entry_document_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destruction_entry")),
    )
    with op.batch_alter_table("destruction_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_destruction_entry_destruction_id"), ["destruction_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_destruction_entry_document_id"), ["document_id"], unique=False)

    op.create_table(
        "envelope_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("envelope_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("sender_no", sa.String(length=100), nullable=True),
        sa.Column("copies_noted", sa.Integer(), nullable=True),
        sa.Column("copies_found", sa.Integer(), nullable=False),
        sa.Column("bound", sa.Boolean(), nullable=True),
        sa.Column("pages_complete", sa.Boolean(), nullable=True),
        sa.Column("formalities", sa.Boolean(), nullable=True),
        sa.Column("document_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["incoming_document.id"], name=op.f("fk_envelope_line_document_id")),
        sa.ForeignKeyConstraint(["envelope_id"], ["envelope.id"], name=op.f("fk_envelope_line_envelope_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_envelope_line")),
    )
    with op.batch_alter_table("envelope_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_envelope_line_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_envelope_line_envelope_id"), ["envelope_id"], unique=False)

    op.create_table(
        "extension_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("asker_id", sa.Integer(), nullable=True),
        sa.Column(
            "wish",
            sa.Enum("extension", "suspension", name="wish_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column(
            "cause",
            sa.Enum(
                "sender",
                "third_party",
                "meeting",
                name="cause_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=True,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("limit_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("until", app.engine.moments.Moment(), nullable=False),
        sa.Column("recommendation", sa.Text(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "recommended",
                "granted",
                "refused",
                "withdrawn",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("closed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["asker_id"], ["person.id"], name=op.f("fk_extension_request_asker_id")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["incoming_document.id"], name=op.f("fk_extension_request_document_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extension_request")),
    )
    with op.batch_alter_table("extension_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_extension_request_asker_id"), ["asker_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_extension_request_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_extension_request_document_id"), ["document_id"], unique=False)
        batch_op.create_index("ix_extension_request_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "follow_up",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=True),
        sa.Column("stage", sa.String(length=40), nullable=True),
        sa.Column("responsible_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("officer_id", sa.Integer(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "done",
                "on_the_way",
                "cannot",
                name="outcome_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=True,
        ),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("reminded", sa.Integer(), nullable=True),
        sa.Column("asked_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("answered_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("reported_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("clock_id", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "watching",
                "due_soon",
                "asked",
                "answered",
                "reported",
                "settled",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("closed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["clock_id"], ["clock.id"], name=op.f("fk_follow_up_clock_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_follow_up_department_id")),
        sa.ForeignKeyConstraint(["document_id"], ["incoming_document.id"], name=op.f("fk_follow_up_document_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["person.id"], name=op.f("fk_follow_up_officer_id")),
        sa.ForeignKeyConstraint(["responsible_id"], ["person.id"], name=op.f("fk_follow_up_responsible_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up")),
        sa.UniqueConstraint("clock_id", name=op.f("uq_follow_up_clock_id")),
    )
    with op.batch_alter_table("follow_up", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_follow_up_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_department_id"), ["department_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_officer_id"), ["officer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_responsible_id"), ["responsible_id"], unique=False)
        batch_op.create_index("ix_follow_up_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("reviewed_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum("held", "released", name="state_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("closed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["incoming_document.id"], name=op.f("fk_hold_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hold_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_hold_document_id"), ["document_id"], unique=False)
        batch_op.create_index("ix_hold_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "leader_instruction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("leader_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "verb",
            sa.Enum(
                "instruct", "handle", "read", name="verb_known", native_enum=False, create_constraint=True, length=30
            ),
            nullable=False,
        ),
        sa.Column(
            "standing",
            sa.Enum(
                "queued",
                "waiting",
                "signed",
                "passed_over",
                name="standing_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("signed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("transcribed_by_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["incoming_document.id"], name=op.f("fk_leader_instruction_document_id")
        ),
        sa.ForeignKeyConstraint(["leader_id"], ["person.id"], name=op.f("fk_leader_instruction_leader_id")),
        sa.ForeignKeyConstraint(
            ["transcribed_by_id"], ["person.id"], name=op.f("fk_leader_instruction_transcribed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leader_instruction")),
    )
    with op.batch_alter_table("leader_instruction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_leader_instruction_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_leader_instruction_leader_id"), ["leader_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_leader_instruction_transcribed_by_id"), ["transcribed_by_id"], unique=False
        )

    op.create_table(
        "paper_copy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=True),
        sa.Column(
            "medium",
            sa.Enum(
                "original",
                "photocopy",
                "print",
                name="medium_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("holder_id", sa.Integer(), nullable=True),
        sa.Column("held_since", app.engine.moments.Moment(), nullable=True),
        sa.Column("unconfirmed", sa.Boolean(), nullable=False),
        sa.Column("incomplete", sa.String(length=500), nullable=True),
        sa.Column("receipt", sa.String(length=500), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "with_registry",
                "out",
                "lost",
                "written_off",
                "returned",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("closed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["incoming_document.id"], name=op.f("fk_paper_copy_document_id")),
        sa.ForeignKeyConstraint(["holder_id"], ["person.id"], name=op.f("fk_paper_copy_holder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_copy")),
        sa.UniqueConstraint("document_id", "number", name=op.f("uq_paper_copy_document_id_number")),
    )
    with op.batch_alter_table("paper_copy", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_paper_copy_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_paper_copy_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_paper_copy_holder_id"), ["holder_id"], unique=False)
        batch_op.create_index("ix_paper_copy_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "paper_order",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column(
            "what",
            sa.Enum("relay", "copy", name="what_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("by", app.engine.moments.Moment(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("consent", sa.String(length=200), nullable=True),
        sa.Column("charged_id", sa.Integer(), nullable=True),
        sa.Column("report", sa.Text(), nullable=True),
        sa.Column("done_at", app.engine.moments.Moment(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "ordered", "done", "cancelled", name="state_known", native_enum=False, create_constraint=True, length=30
            ),
            nullable=False,
        ),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("closed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["charged_id"], ["person.id"], name=op.f("fk_paper_order_charged_id")),
        sa.ForeignKeyConstraint(["document_id"], ["incoming_document.id"], name=op.f("fk_paper_order_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_order")),
    )
    with op.batch_alter_table("paper_order", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_paper_order_charged_id"), ["charged_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_paper_order_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_paper_order_document_id"), ["document_id"], unique=False)
        batch_op.create_index("ix_paper_order_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "return_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("copy_no", sa.String(length=40), nullable=True),
        sa.Column("holder_id", sa.Integer(), nullable=True),
        sa.Column("collected_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "with_holder",
                "collected",
                "missing",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("closed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["return_campaign.id"], name=op.f("fk_return_item_campaign_id")),
        sa.ForeignKeyConstraint(["document_id"], ["incoming_document.id"], name=op.f("fk_return_item_document_id")),
        sa.ForeignKeyConstraint(["holder_id"], ["person.id"], name=op.f("fk_return_item_holder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_item")),
    )
    with op.batch_alter_table("return_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_return_item_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_return_item_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_return_item_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_return_item_holder_id"), ["holder_id"], unique=False)
        batch_op.create_index("ix_return_item_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "supervision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("opener_id", sa.Integer(), nullable=True),
        sa.Column("opened_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("asked_id", sa.Integer(), nullable=True),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("evidence_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("findings", sa.Text(), nullable=True),
        sa.Column("leader_id", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "opened",
                "asked",
                "findings",
                "escalated",
                "satisfied",
                "reopened",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("closed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["asked_id"], ["person.id"], name=op.f("fk_supervision_asked_id")),
        sa.ForeignKeyConstraint(["document_id"], ["incoming_document.id"], name=op.f("fk_supervision_document_id")),
        sa.ForeignKeyConstraint(["leader_id"], ["person.id"], name=op.f("fk_supervision_leader_id")),
        sa.ForeignKeyConstraint(["opener_id"], ["person.id"], name=op.f("fk_supervision_opener_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision")),
    )
    with op.batch_alter_table("supervision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_supervision_asked_id"), ["asked_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_supervision_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_supervision_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_supervision_leader_id"), ["leader_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_supervision_opener_id"), ["opener_id"], unique=False)
        batch_op.create_index("ix_supervision_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "envelope_defect",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("envelope_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=True),
        sa.Column(
            "what",
            sa.Enum(
                "unbound",
                "missing_pages",
                "formalities",
                "copies",
                "other",
                name="what_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("asked_at", app.engine.moments.Moment(), nullable=True),
        sa.Column(
            "asked_way",
            sa.Enum(
                "phone",
                "letter",
                "fax",
                "visit",
                name="asked_way_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=True,
        ),
        sa.Column("asked_whom", sa.String(length=100), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("made_good_on", sa.Date(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "open", "asked", "made_good", name="state_known", native_enum=False, create_constraint=True, length=30
            ),
            nullable=False,
        ),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("closed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["envelope_id"], ["envelope.id"], name=op.f("fk_envelope_defect_envelope_id")),
        sa.ForeignKeyConstraint(["line_id"], ["envelope_line.id"], name=op.f("fk_envelope_defect_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_envelope_defect")),
    )
    with op.batch_alter_table("envelope_defect", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_envelope_defect_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_envelope_defect_envelope_id"), ["envelope_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_envelope_defect_line_id"), ["line_id"], unique=False)
        batch_op.create_index("ix_envelope_defect_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "follow_up_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("follow_up_id", sa.Integer(), nullable=False),
        sa.Column(
            "deed",
            sa.Enum(
                "asked",
                "answered",
                "reported",
                "decided",
                name="deed_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "way",
            sa.Enum(
                "phone",
                "letter",
                "visit",
                "meeting",
                name="way_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=True,
        ),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("at", app.engine.moments.Moment(), nullable=False),
        sa.Column("noted_by", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["follow_up_id"], ["follow_up.id"], name=op.f("fk_follow_up_note_follow_up_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_follow_up_note_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_note")),
    )
    with op.batch_alter_table("follow_up_note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_follow_up_note_follow_up_id"), ["follow_up_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_note_person_id"), ["person_id"], unique=False)

    op.create_table(
        "handling_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("at", app.engine.moments.Moment(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("evidence", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], name=op.f("fk_handling_note_assignment_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_handling_note_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handling_note")),
    )
    with op.batch_alter_table("handling_note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_handling_note_assignment_id"), ["assignment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_handling_note_person_id"), ["person_id"], unique=False)

    op.create_table(
        "copy_movement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("copy_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=True),
        sa.Column("out_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("back_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=True),
        sa.Column("remark", sa.String(length=500), nullable=True),
        sa.Column("unconfirmed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["copy_id"], ["paper_copy.id"], name=op.f("fk_copy_movement_copy_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["circulation_entry.id"], name=op.f("fk_copy_movement_entry_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_copy_movement_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copy_movement")),
    )
    with op.batch_alter_table("copy_movement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_copy_movement_copy_id"), ["copy_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_copy_movement_entry_id"), ["entry_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_copy_movement_person_id"), ["person_id"], unique=False)

    op.create_table(
        "supplementary_task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("limit_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "open", "done", "dropped", name="state_known", native_enum=False, create_constraint=True, length=30
            ),
            nullable=False,
        ),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("closed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_supplementary_task_department_id")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["incoming_document.id"], name=op.f("fk_supplementary_task_document_id")
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["circulation_entry.id"], name=op.f("fk_supplementary_task_entry_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_supplementary_task_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplementary_task")),
    )
    with op.batch_alter_table("supplementary_task", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_supplementary_task_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_supplementary_task_department_id"), ["department_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_supplementary_task_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_supplementary_task_entry_id"), ["entry_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_supplementary_task_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_supplementary_task_state_due", ["state", "due_at"], unique=False)

    with op.batch_alter_table("circulation_entry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("circulation_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("position", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("copy_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("returned_at", app.engine.moments.Moment(), nullable=True))
        batch_op.add_column(sa.Column("signed_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("transcribed_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "classification",
                sa.Enum(
                    "none",
                    "for_information",
                    "needs_action",
                    name="classification_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("reminded_at", app.engine.moments.Moment(), nullable=True))
        batch_op.add_column(sa.Column("reminders", sa.Integer(), nullable=False, server_default="0"))
        batch_op.alter_column("sent_at", existing_type=sa.DATETIME(), nullable=True)
        batch_op.create_index(batch_op.f("ix_circulation_entry_circulation_id"), ["circulation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_circulation_entry_copy_id"), ["copy_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_circulation_entry_signed_by_id"), ["signed_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_circulation_entry_transcribed_by_id"), ["transcribed_by_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_circulation_entry_signed_by_id"), "person", ["signed_by_id"], ["id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_circulation_entry_circulation_id"), "circulation", ["circulation_id"], ["id"]
        )
        batch_op.create_foreign_key(batch_op.f("fk_circulation_entry_copy_id"), "paper_copy", ["copy_id"], ["id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_circulation_entry_transcribed_by_id"), "person", ["transcribed_by_id"], ["id"]
        )

    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.add_column(sa.Column("extended", sa.Boolean(), server_default=sa.text("(false)"), nullable=False))
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))

    with op.batch_alter_table("correspondent", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "usual_secrecy",
                sa.Enum(
                    "open",
                    "internal",
                    "secret",
                    "confidential",
                    "top_secret",
                    "state_secret",
                    "state_confidential",
                    "state_top_secret",
                    name="usual_secrecy_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("usual_department_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("usual_register_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_correspondent_usual_department_id"), ["usual_department_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_correspondent_usual_register_id"), ["usual_register_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_correspondent_usual_register_id"), "register", ["usual_register_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_correspondent_usual_department_id"), "department", ["usual_department_id"], ["id"]
        )

    with op.batch_alter_table("department", schema=None) as batch_op:
        batch_op.add_column(sa.Column("floor", sa.String(length=30), nullable=True))

    with op.batch_alter_table("incoming_document", schema=None) as batch_op:
        batch_op.add_column(sa.Column("register_id", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "medium",
                sa.Enum(
                    "paper", "electronic", name="medium_known", native_enum=False, create_constraint=True, length=30
                ),
                nullable=False,
                server_default="electronic",
            )
        )
        batch_op.add_column(
            sa.Column(
                "paper_type",
                sa.Enum(
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
                    "telegram",
                    "other",
                    name="paper_type_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("written_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("pages", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("enclosures", sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column("answer_due", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("digest", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("alternatives", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("proposed_at", app.engine.moments.Moment(), nullable=True))
        batch_op.add_column(sa.Column("proposer_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("wake_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("leader_told_at", app.engine.moments.Moment(), nullable=True))
        batch_op.add_column(sa.Column("answered_sender_at", app.engine.moments.Moment(), nullable=True))
        batch_op.add_column(sa.Column("sender_answer", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("review_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("envelope_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("proposal_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("instruction_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("result_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("date_note", sa.String(length=300), nullable=True))
        batch_op.create_index(batch_op.f("ix_incoming_document_envelope_id"), ["envelope_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_incoming_document_proposer_id"), ["proposer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_incoming_document_register_id"), ["register_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_incoming_document_envelope_id"), "envelope", ["envelope_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_incoming_document_register_id"), "register", ["register_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_incoming_document_proposer_id"), "person", ["proposer_id"], ["id"])

    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rank", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("opens_post", sa.Boolean(), nullable=True))

    with op.batch_alter_table("security_event", schema=None) as batch_op:
        batch_op.create_index("ix_security_event_kind_subject", ["kind", "subject"], unique=False)

    words(
        "circulation_entry",
        "state",
        "ck_circulation_entry_state_known",
        ("queued", "offered", "skipped", "read", "answered", "withdrawn", "exempted"),
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
            "returned_to_sender",
            "terminated_by_sender",
            "passed_on",
            "voided",
        ),
    )
    with op.batch_alter_table("circulation_entry") as batch:
        batch.alter_column("position", server_default=None)
    with op.batch_alter_table("circulation_entry") as batch:
        batch.alter_column("reminders", server_default=None)


def downgrade() -> None:
    op.execute("UPDATE circulation_entry SET state = 'offered' WHERE state IN ('queued')")
    op.execute("UPDATE circulation_entry SET state = 'withdrawn' WHERE state IN ('exempted')")
    op.execute("UPDATE circulation_entry SET sent_at = created_at WHERE sent_at IS NULL")
    words(
        "circulation_entry",
        "state",
        "ck_circulation_entry_state_known",
        ("offered", "skipped", "read", "answered", "withdrawn"),
    )
    op.execute(
        "UPDATE incoming_document SET state = 'closed' WHERE state IN ('to_file', 'to_return', 'held', 'to_destroy')"
    )
    op.execute("UPDATE incoming_document SET state = 'registered' WHERE state IN ('screened')")
    op.execute("UPDATE incoming_document SET state = 'returned_to_sender' WHERE state IN ('passed_on')")
    words(
        "incoming_document",
        "state",
        "ck_incoming_document_state_known",
        (
            "registered",
            "instructing",
            "in_handling",
            "in_circulation",
            "suspended",
            "result_in",
            "closed",
            "returned_to_sender",
            "terminated_by_sender",
            "voided",
        ),
    )

    with op.batch_alter_table("security_event", schema=None) as batch_op:
        batch_op.drop_index("ix_security_event_kind_subject")

    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_column("opens_post")
        batch_op.drop_column("rank")

    with op.batch_alter_table("incoming_document", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_incoming_document_proposer_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_incoming_document_register_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_incoming_document_envelope_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_incoming_document_register_id"))
        batch_op.drop_index(batch_op.f("ix_incoming_document_proposer_id"))
        batch_op.drop_index(batch_op.f("ix_incoming_document_envelope_id"))
        batch_op.drop_column("date_note")
        batch_op.drop_column("result_on")
        batch_op.drop_column("instruction_on")
        batch_op.drop_column("proposal_on")
        batch_op.drop_column("envelope_id")
        batch_op.drop_column("review_on")
        batch_op.drop_column("sender_answer")
        batch_op.drop_column("answered_sender_at")
        batch_op.drop_column("leader_told_at")
        batch_op.drop_column("wake_on")
        batch_op.drop_column("proposer_id")
        batch_op.drop_column("proposed_at")
        batch_op.drop_column("alternatives")
        batch_op.drop_column("digest")
        batch_op.drop_column("answer_due")
        batch_op.drop_column("enclosures")
        batch_op.drop_column("pages")
        batch_op.drop_column("written_on")
        batch_op.drop_constraint(op.f("ck_incoming_document_paper_type_known"), type_="check")
        batch_op.drop_column("paper_type")
        batch_op.drop_constraint(op.f("ck_incoming_document_medium_known"), type_="check")
        batch_op.drop_column("medium")
        batch_op.drop_column("register_id")

    with op.batch_alter_table("department", schema=None) as batch_op:
        batch_op.drop_column("floor")

    with op.batch_alter_table("correspondent", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_correspondent_usual_department_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_correspondent_usual_register_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_correspondent_usual_register_id"))
        batch_op.drop_index(batch_op.f("ix_correspondent_usual_department_id"))
        batch_op.drop_column("usual_register_id")
        batch_op.drop_column("usual_department_id")
        batch_op.drop_constraint(op.f("ck_correspondent_usual_secrecy_known"), type_="check")
        batch_op.drop_column("usual_secrecy")

    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.drop_column("version")
        batch_op.drop_column("extended")

    with op.batch_alter_table("circulation_entry", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_circulation_entry_transcribed_by_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_circulation_entry_copy_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_circulation_entry_circulation_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_circulation_entry_signed_by_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_circulation_entry_transcribed_by_id"))
        batch_op.drop_index(batch_op.f("ix_circulation_entry_signed_by_id"))
        batch_op.drop_index(batch_op.f("ix_circulation_entry_copy_id"))
        batch_op.drop_index(batch_op.f("ix_circulation_entry_circulation_id"))
        batch_op.alter_column("sent_at", existing_type=sa.DATETIME(), nullable=False)
        batch_op.drop_column("reminders")
        batch_op.drop_column("reminded_at")
        batch_op.drop_constraint(op.f("ck_circulation_entry_classification_known"), type_="check")
        batch_op.drop_column("classification")
        batch_op.drop_column("transcribed_by_id")
        batch_op.drop_column("signed_by_id")
        batch_op.drop_column("returned_at")
        batch_op.drop_column("copy_id")
        batch_op.drop_column("position")
        batch_op.drop_column("circulation_id")

    with op.batch_alter_table("supplementary_task", schema=None) as batch_op:
        batch_op.drop_index("ix_supplementary_task_state_due")
        batch_op.drop_index(batch_op.f("ix_supplementary_task_person_id"))
        batch_op.drop_index(batch_op.f("ix_supplementary_task_entry_id"))
        batch_op.drop_index(batch_op.f("ix_supplementary_task_document_id"))
        batch_op.drop_index(batch_op.f("ix_supplementary_task_department_id"))
        batch_op.drop_index(batch_op.f("ix_supplementary_task_closed_at"))

    op.drop_table("supplementary_task")
    with op.batch_alter_table("copy_movement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_copy_movement_person_id"))
        batch_op.drop_index(batch_op.f("ix_copy_movement_entry_id"))
        batch_op.drop_index(batch_op.f("ix_copy_movement_copy_id"))

    op.drop_table("copy_movement")
    with op.batch_alter_table("handling_note", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_handling_note_person_id"))
        batch_op.drop_index(batch_op.f("ix_handling_note_assignment_id"))

    op.drop_table("handling_note")
    with op.batch_alter_table("follow_up_note", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_follow_up_note_person_id"))
        batch_op.drop_index(batch_op.f("ix_follow_up_note_follow_up_id"))

    op.drop_table("follow_up_note")
    with op.batch_alter_table("envelope_defect", schema=None) as batch_op:
        batch_op.drop_index("ix_envelope_defect_state_due")
        batch_op.drop_index(batch_op.f("ix_envelope_defect_line_id"))
        batch_op.drop_index(batch_op.f("ix_envelope_defect_envelope_id"))
        batch_op.drop_index(batch_op.f("ix_envelope_defect_closed_at"))

    op.drop_table("envelope_defect")
    with op.batch_alter_table("supervision", schema=None) as batch_op:
        batch_op.drop_index("ix_supervision_state_due")
        batch_op.drop_index(batch_op.f("ix_supervision_opener_id"))
        batch_op.drop_index(batch_op.f("ix_supervision_leader_id"))
        batch_op.drop_index(batch_op.f("ix_supervision_document_id"))
        batch_op.drop_index(batch_op.f("ix_supervision_closed_at"))
        batch_op.drop_index(batch_op.f("ix_supervision_asked_id"))

    op.drop_table("supervision")
    with op.batch_alter_table("return_item", schema=None) as batch_op:
        batch_op.drop_index("ix_return_item_state_due")
        batch_op.drop_index(batch_op.f("ix_return_item_holder_id"))
        batch_op.drop_index(batch_op.f("ix_return_item_document_id"))
        batch_op.drop_index(batch_op.f("ix_return_item_closed_at"))
        batch_op.drop_index(batch_op.f("ix_return_item_campaign_id"))

    op.drop_table("return_item")
    with op.batch_alter_table("paper_order", schema=None) as batch_op:
        batch_op.drop_index("ix_paper_order_state_due")
        batch_op.drop_index(batch_op.f("ix_paper_order_document_id"))
        batch_op.drop_index(batch_op.f("ix_paper_order_closed_at"))
        batch_op.drop_index(batch_op.f("ix_paper_order_charged_id"))

    op.drop_table("paper_order")
    with op.batch_alter_table("paper_copy", schema=None) as batch_op:
        batch_op.drop_index("ix_paper_copy_state_due")
        batch_op.drop_index(batch_op.f("ix_paper_copy_holder_id"))
        batch_op.drop_index(batch_op.f("ix_paper_copy_document_id"))
        batch_op.drop_index(batch_op.f("ix_paper_copy_closed_at"))

    op.drop_table("paper_copy")
    with op.batch_alter_table("leader_instruction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_leader_instruction_transcribed_by_id"))
        batch_op.drop_index(batch_op.f("ix_leader_instruction_leader_id"))
        batch_op.drop_index(batch_op.f("ix_leader_instruction_document_id"))

    op.drop_table("leader_instruction")
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.drop_index("ix_hold_state_due")
        batch_op.drop_index(batch_op.f("ix_hold_document_id"))
        batch_op.drop_index(batch_op.f("ix_hold_closed_at"))

    op.drop_table("hold")
    with op.batch_alter_table("follow_up", schema=None) as batch_op:
        batch_op.drop_index("ix_follow_up_state_due")
        batch_op.drop_index(batch_op.f("ix_follow_up_responsible_id"))
        batch_op.drop_index(batch_op.f("ix_follow_up_officer_id"))
        batch_op.drop_index(batch_op.f("ix_follow_up_document_id"))
        batch_op.drop_index(batch_op.f("ix_follow_up_department_id"))
        batch_op.drop_index(batch_op.f("ix_follow_up_closed_at"))

    op.drop_table("follow_up")
    with op.batch_alter_table("extension_request", schema=None) as batch_op:
        batch_op.drop_index("ix_extension_request_state_due")
        batch_op.drop_index(batch_op.f("ix_extension_request_document_id"))
        batch_op.drop_index(batch_op.f("ix_extension_request_closed_at"))
        batch_op.drop_index(batch_op.f("ix_extension_request_asker_id"))

    op.drop_table("extension_request")
    with op.batch_alter_table("envelope_line", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_envelope_line_envelope_id"))
        batch_op.drop_index(batch_op.f("ix_envelope_line_document_id"))

    op.drop_table("envelope_line")
    with op.batch_alter_table("destruction_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_destruction_entry_document_id"))
        batch_op.drop_index(batch_op.f("ix_destruction_entry_destruction_id"))

    op.drop_table("destruction_entry")
    with op.batch_alter_table("circulation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_circulation_summary_to_id"))
        batch_op.drop_index("ix_circulation_state_due")
        batch_op.drop_index(batch_op.f("ix_circulation_started_by_id"))
        batch_op.drop_index(batch_op.f("ix_circulation_prepared_by_id"))
        batch_op.drop_index(batch_op.f("ix_circulation_document_id"))
        batch_op.drop_index(batch_op.f("ix_circulation_closed_at"))
        batch_op.drop_index(batch_op.f("ix_circulation_approver_id"))

    op.drop_table("circulation")
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_index("ix_assignment_state_due")
        batch_op.drop_index(batch_op.f("ix_assignment_received_by_id"))
        batch_op.drop_index(batch_op.f("ix_assignment_handler_id"))
        batch_op.drop_index(batch_op.f("ix_assignment_document_id"))
        batch_op.drop_index(batch_op.f("ix_assignment_department_id"))
        batch_op.drop_index(batch_op.f("ix_assignment_closed_at"))

    op.drop_table("assignment")
    with op.batch_alter_table("accountability_case", schema=None) as batch_op:
        batch_op.drop_index("ix_accountability_case_state_due")
        batch_op.drop_index(batch_op.f("ix_accountability_case_person_id"))
        batch_op.drop_index(batch_op.f("ix_accountability_case_document_id"))
        batch_op.drop_index(batch_op.f("ix_accountability_case_closed_at"))

    op.drop_table("accountability_case")
    with op.batch_alter_table("rung_sent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rung_sent_at"))

    op.drop_table("rung_sent")
    with op.batch_alter_table("return_campaign", schema=None) as batch_op:
        batch_op.drop_index("ix_return_campaign_state_due")
        batch_op.drop_index(batch_op.f("ix_return_campaign_issuer_id"))
        batch_op.drop_index(batch_op.f("ix_return_campaign_closed_at"))

    op.drop_table("return_campaign")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index("ix_notice_person_read")

    op.drop_table("notice")
    with op.batch_alter_table("envelope", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_envelope_unit_id"))
        batch_op.drop_index("ix_envelope_state_due")
        batch_op.drop_index(batch_op.f("ix_envelope_signed_by_id"))
        batch_op.drop_index(batch_op.f("ix_envelope_sender_id"))
        batch_op.drop_index(batch_op.f("ix_envelope_register_id"))
        batch_op.drop_index(batch_op.f("ix_envelope_received_at"))
        batch_op.drop_index(batch_op.f("ix_envelope_person_id"))
        batch_op.drop_index(batch_op.f("ix_envelope_opened_by_id"))
        batch_op.drop_index(batch_op.f("ix_envelope_handed_unit_id"))
        batch_op.drop_index(batch_op.f("ix_envelope_handed_to_id"))
        batch_op.drop_index(batch_op.f("ix_envelope_closed_at"))

    op.drop_table("envelope")
    op.drop_table("digest")
    with op.batch_alter_table("destruction_list", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_destruction_list_witness_id"))
        batch_op.drop_index("ix_destruction_list_state_due")
        batch_op.drop_index(batch_op.f("ix_destruction_list_second_witness_id"))
        batch_op.drop_index(batch_op.f("ix_destruction_list_second_appraiser_id"))
        batch_op.drop_index(batch_op.f("ix_destruction_list_proposer_id"))
        batch_op.drop_index(batch_op.f("ix_destruction_list_closed_at"))
        batch_op.drop_index(batch_op.f("ix_destruction_list_approver_id"))
        batch_op.drop_index(batch_op.f("ix_destruction_list_appraiser_id"))

    op.drop_table("destruction_list")
    with op.batch_alter_table("clock_version", schema=None) as batch_op:
        batch_op.drop_index("ix_clock_version_kind_record")
        batch_op.drop_index(batch_op.f("ix_clock_version_at"))

    op.drop_table("clock_version")
    with op.batch_alter_table("rule", schema=None) as batch_op:
        batch_op.drop_index("ix_rule_setting_profile")

    op.drop_table("rule")
    op.drop_table("register")
    op.drop_table("escalation_rung")
