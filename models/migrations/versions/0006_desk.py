"""the service desk: library, dispatch orders, calls owed, days of the desk; numbers people are found by"""

import sqlalchemy as sa
from alembic import op

from app.engine import history
from app.engine.codes import new_code
from app.engine.moments import Moment
from app.engine.money import Quantity

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


#: Tables of records keep their keys when they are made anew on SQLite.
KEYS = {"sqlite_autoincrement": True}
ORDER_STATES = ("draft", "issued", "signed", "contacted", "fed_back", "returned", "accepted", "cancelled")
TICKET_STATES = (
    "open",
    "appointment",
    "dispatched",
    "reply_in",
    "waiting",
    "answered",
    "callback_due",
    "reopened",
    "closed",
    "opinion_forwarded",
    "voided",
)
GRADES = ("very_satisfied", "satisfied", "basically", "dissatisfied")


def words(table, column, choices):
    """Let the column take these words and no others."""
    name = op.f(f"ck_{table}_{column}_known")
    with op.batch_alter_table(table, table_kwargs=KEYS) as batch:
        batch.drop_constraint(name, type_="check")
        quoted = ", ".join(f"'{choice}'" for choice in choices)
        batch.create_check_constraint(name, sa.text(f"{column} IN ({quoted})"))


def note(bind, kind, table, changes):
    """Set columns of records, key by key, and enter it in their history; `changes`: key -> column -> value.

    The desk of a ticket stands in its new column already, and is told as new all the same.
    """
    entries = history.HistoryEntry.__table__
    chain = sa.select(entries.c.position, entries.c.digest).where(entries.c.kind == kind)
    for key, values in changes.items():
        names = ", ".join(values)
        before = bind.execute(sa.text(f"SELECT {names} FROM {table} WHERE id = :key"), {"key": key}).one()
        known = zip(values.items(), before, strict=True)
        told = {
            name: [None if name == "scheme" else old, new]
            for (name, new), old in known
            if old != new or name == "scheme"
        }
        sets = ", ".join(f"{name} = :{name}" for name in values)
        bind.execute(sa.text(f"UPDATE {table} SET {sets} WHERE id = :key"), {**values, "key": key})
        last = bind.execute(
            chain.where(entries.c.record_id == key).order_by(entries.c.position.desc()).limit(1)
        ).first()
        position, digest = (last.position, last.digest) if last else (0, "")
        with history.act("migrate"):
            row = history.entry_row(kind, key, position + 1, digest, "migrate", told)
        bind.execute(entries.insert(), [row])


def fill(bind):
    """Give the tickets that are there what new ones have from the start, and the limit of callbacks its new place."""
    rows = bind.execute(sa.text("SELECT id, grade FROM service_ticket")).all()
    # Each round has a clock for the answer to the caller.
    answers = "SELECT record_id, max(episode) AS last FROM clock WHERE kind = 'service_tickets' AND stage = 'parent'"
    rounds = {row.record_id: row.last for row in bind.execute(sa.text(f"{answers} GROUP BY record_id"))}
    changes = {}
    for key, grade in rows:
        changes[key] = {
            "scheme": "hotline",
            "pressing": False,
            "confidential": False,
            "unsupported": False,
            "nonconforming": False,
            "staff_own": False,
            "episode": rounds.get(key, 1),
            "waits": 0,
            "progress_code": new_code(),
        }
        if grade == "not_reached":
            changes[key]["grade"] = None
    note(bind, "service_tickets", "service_ticket", changes)
    # A reply of an earlier round does not stand in the way of the next order.
    used = bind.execute(
        sa.text(
            "SELECT id FROM dispatch_order WHERE state = 'accepted' AND ticket_id IN "
            "(SELECT id FROM service_ticket WHERE state IN ('open', 'appointment', 'reopened'))"
        )
    ).scalars()
    note(bind, "dispatch_orders", "dispatch_order", {key: {"state": "superseded"} for key in used})
    limits = bind.execute(
        sa.text("SELECT id FROM clock_rule WHERE record_kind = 'service_tickets' AND stage = 'callback'")
    ).scalars()
    note(bind, "clock_rules", "clock_rule", {key: {"record_kind": "calls_owed", "stage": "call"} for key in limits})
    of_callbacks = "SELECT id FROM clock WHERE kind = 'service_tickets' AND stage = 'callback'"
    for table in ("clock_version", "clock_segment"):
        op.execute(f"DELETE FROM {table} WHERE clock_id IN ({of_callbacks})")
    op.execute("DELETE FROM clock WHERE kind = 'service_tickets' AND stage = 'callback'")


def upgrade() -> None:
    op.create_table(
        "conduct_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("most", Quantity(), nullable=True),
        sa.Column("unit", sa.String(length=30), nullable=True),
        sa.Column(
            "concerns",
            sa.Enum("all", "men", "women", name="whom_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("in_use", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conduct_item")),
        sa.UniqueConstraint("name", name=op.f("uq_conduct_item_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "desk_procedure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "consult",
                "help",
                "emergency",
                "complaint",
                "report",
                "feedback",
                "repair",
                "paid_service",
                "other",
                name="procedure_kind_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=True,
        ),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_procedure")),
        sa.UniqueConstraint("name", name=op.f("uq_desk_procedure_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "note_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_kind", sa.String(length=40), nullable=True),
        sa.Column("contact_text", sa.String(length=300), nullable=True),
        sa.Column("reply_text", sa.String(length=300), nullable=True),
        sa.Column("follow_text", sa.String(length=300), nullable=True),
        sa.Column("relay_text", sa.String(length=300), nullable=True),
        sa.Column("contact_needed", sa.Boolean(), nullable=True),
        sa.Column("reply_needed", sa.Boolean(), nullable=True),
        sa.Column("follow_needed", sa.Boolean(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("ours", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note_template")),
        sa.UniqueConstraint("ticket_kind", name=op.f("uq_note_template_ticket_kind")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "phone_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_key")),
    )
    with op.batch_alter_table("phone_key", schema=None) as batch_op:
        batch_op.create_index("ix_phone_key_key", ["key", "kind"], unique=False)
        batch_op.create_index("ix_phone_key_record", ["kind", "record_id"], unique=False)

    op.create_table(
        "script_card",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_no", sa.String(length=20), nullable=False),
        sa.Column(
            "scene",
            sa.Enum(
                "pick_up",
                "cannot_answer",
                "absent_colleague",
                "phone_and_visitor",
                "ending",
                "record",
                "entering",
                "superior",
                "first_visit",
                "water",
                "replying",
                "presenting",
                "voice",
                "unknown",
                "service_wanted",
                "cannot_satisfy",
                "sensitive",
                "disturbing",
                "second_client",
                "read_back",
                "leaving",
                "desk",
                "appearance",
                "phone_use",
                name="scene_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "edition",
            sa.Enum(
                "both", "service", "leasing", name="edition_known", native_enum=False, create_constraint=True, length=30
            ),
            nullable=False,
        ),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=True),
        sa.Column("never_say", sa.String(length=500), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("in_use", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_card")),
        sa.UniqueConstraint("card_no", name=op.f("uq_script_card_card_no")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("script_card", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_script_card_scene"), ["scene"], unique=False)

    op.create_table(
        "search_term",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("term", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "term", "record_id", name=op.f("pk_search_term")),
    )
    with op.batch_alter_table("search_term", schema=None) as batch_op:
        batch_op.create_index("ix_search_term_record", ["kind", "record_id"], unique=False)

    op.create_table(
        "referral",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("matters", sa.Text(), nullable=False),
        sa.Column("emergency", sa.Boolean(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("in_use", sa.Boolean(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["department.id"], name=op.f("fk_referral_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
        sa.UniqueConstraint("name", name=op.f("uq_referral_name")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("referral", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_referral_owner_id"), ["owner_id"], unique=False)

    op.create_table(
        "article",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_no", sa.String(length=100), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("question", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column(
            "audience",
            sa.Enum("internal", "public", name="audience_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("editor_id", sa.Integer(), nullable=True),
        sa.Column("edition", sa.Integer(), nullable=True),
        sa.Column("verified_at", Moment(), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "submitted",
                "published",
                "revising",
                "resubmitted",
                "review_due",
                "withdrawn",
                "retired",
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
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_article_author_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_article_department_id")),
        sa.ForeignKeyConstraint(["editor_id"], ["person.id"], name=op.f("fk_article_editor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        sa.UniqueConstraint("article_no", name=op.f("uq_article_article_no")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_article_author_id"), ["author_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_article_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_article_department_id"), ["department_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_article_editor_id"), ["editor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_article_review_on"), ["review_on"], unique=False)
        batch_op.create_index("ix_article_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "conduct_sheet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("checker_id", sa.Integer(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["checker_id"], ["person.id"], name=op.f("fk_conduct_sheet_checker_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_conduct_sheet_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conduct_sheet")),
        sa.UniqueConstraint("day", "person_id", name=op.f("uq_conduct_sheet_day_person_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("conduct_sheet", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conduct_sheet_checker_id"), ["checker_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_conduct_sheet_day"), ["day"], unique=False)
        batch_op.create_index(batch_op.f("ix_conduct_sheet_person_id"), ["person_id"], unique=False)

    op.create_table(
        "daily_review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "desk",
            sa.Enum(
                "hotline", "property_desk", name="desk_known", native_enum=False, create_constraint=True, length=30
            ),
            nullable=False,
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=True),
        sa.Column("odd_tickets", sa.Integer(), nullable=True),
        sa.Column("looked_at", Moment(), nullable=True),
        sa.Column("signer_id", sa.Integer(), nullable=True),
        sa.Column("signed_at", Moment(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum("unsigned", "signed", name="state_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["signer_id"], ["person.id"], name=op.f("fk_daily_review_signer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daily_review")),
        sa.UniqueConstraint("desk", "day", name=op.f("uq_daily_review_desk_day")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("daily_review", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_daily_review_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_daily_review_day"), ["day"], unique=False)
        batch_op.create_index(batch_op.f("ix_daily_review_signer_id"), ["signer_id"], unique=False)

    op.create_table(
        "duty_shift",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column(
            "desk",
            sa.Enum(
                "hotline", "property_desk", name="desk_known", native_enum=False, create_constraint=True, length=30
            ),
            nullable=False,
        ),
        sa.Column(
            "duty",
            sa.Enum("agent", "shift_leader", name="duty_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("begins_at", Moment(), nullable=False),
        sa.Column("ends_at", Moment(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("deleted_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_duty_shift_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_shift")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("duty_shift", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_duty_shift_begins_at"), ["begins_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_duty_shift_person_id"), ["person_id"], unique=False)

    op.create_table(
        "shift_hand_over",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "desk",
            sa.Enum(
                "hotline", "property_desk", name="desk_known", native_enum=False, create_constraint=True, length=30
            ),
            nullable=False,
        ),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("handed_over_at", Moment(), nullable=True),
        sa.Column("open_tickets", sa.Integer(), nullable=True),
        sa.Column("overdue_tickets", sa.Integer(), nullable=True),
        sa.Column("calls_owed", sa.Integer(), nullable=True),
        sa.Column("visitors_waiting", sa.Integer(), nullable=True),
        sa.Column("taker_id", sa.Integer(), nullable=True),
        sa.Column("taken_over_at", Moment(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum("written", "taken_over", name="state_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_shift_hand_over_person_id")),
        sa.ForeignKeyConstraint(["taker_id"], ["person.id"], name=op.f("fk_shift_hand_over_taker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_hand_over")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("shift_hand_over", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shift_hand_over_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_shift_hand_over_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_shift_hand_over_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_shift_hand_over_taker_id"), ["taker_id"], unique=False)

    op.create_table(
        "staff_clearance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("cleared_from", sa.Date(), nullable=False),
        sa.Column("cleared_until", sa.Date(), nullable=True),
        sa.Column("trainer_id", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum("cleared", "withdrawn", name="state_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_staff_clearance_person_id")),
        sa.ForeignKeyConstraint(["trainer_id"], ["person.id"], name=op.f("fk_staff_clearance_trainer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_clearance")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("staff_clearance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_clearance_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_staff_clearance_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_staff_clearance_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_staff_clearance_trainer_id"), ["trainer_id"], unique=False)

    op.create_table(
        "visitor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("came_at", Moment(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("matter", sa.String(length=500), nullable=True),
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("seen_at", Moment(), nullable=True),
        sa.Column("seen_by_id", sa.Integer(), nullable=True),
        sa.Column("remark", sa.String(length=300), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "waiting", "called_in", "left", name="state_known", native_enum=False, create_constraint=True, length=30
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
        sa.ForeignKeyConstraint(["host_id"], ["person.id"], name=op.f("fk_visitor_host_id")),
        sa.ForeignKeyConstraint(["seen_by_id"], ["person.id"], name=op.f("fk_visitor_seen_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visitor")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("visitor", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visitor_came_at"), ["came_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_visitor_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_visitor_host_id"), ["host_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visitor_seen_by_id"), ["seen_by_id"], unique=False)
        batch_op.create_index("ix_visitor_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "article_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("question", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column(
            "audience",
            sa.Enum("internal", "public", name="audience_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("writer_id", sa.Integer(), nullable=True),
        sa.Column("publisher_id", sa.Integer(), nullable=True),
        sa.Column("verified_at", Moment(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_article_version_article_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_article_version_department_id")),
        sa.ForeignKeyConstraint(["publisher_id"], ["person.id"], name=op.f("fk_article_version_publisher_id")),
        sa.ForeignKeyConstraint(["writer_id"], ["person.id"], name=op.f("fk_article_version_writer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_version")),
        sa.UniqueConstraint("article_id", "number", name=op.f("uq_article_version_article_id_number")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("article_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_article_version_article_id"), ["article_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_article_version_department_id"), ["department_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_article_version_publisher_id"), ["publisher_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_article_version_writer_id"), ["writer_id"], unique=False)

    op.create_table(
        "conduct_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("value", Quantity(), nullable=True),
        sa.Column("in_order", sa.Boolean(), nullable=True),
        sa.Column("remark", sa.String(length=300), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["conduct_item.id"], name=op.f("fk_conduct_line_item_id")),
        sa.ForeignKeyConstraint(["sheet_id"], ["conduct_sheet.id"], name=op.f("fk_conduct_line_sheet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conduct_line")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("conduct_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conduct_line_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_conduct_line_sheet_id"), ["sheet_id"], unique=False)

    op.create_table(
        "call_owed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "callback",
                "promise",
                "message",
                "news",
                name="kind_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("episode", sa.Integer(), nullable=True),
        sa.Column("called_for_id", sa.Integer(), nullable=True),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("contact_name", sa.String(length=200), nullable=True),
        sa.Column("phone", sa.String(length=60), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("call_by", Moment(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=True),
        sa.Column("called_at", Moment(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column(
            "grade",
            sa.Enum(
                "very_satisfied",
                "satisfied",
                "basically",
                "dissatisfied",
                "very_dissatisfied",
                name="grade_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=True,
        ),
        sa.Column(
            "cause",
            sa.Enum(
                "handling",
                "policy",
                "out_of_scope",
                name="cause_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=True,
        ),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "owed",
                "passed_on",
                "reached",
                "unreachable",
                "not_needed",
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
        sa.ForeignKeyConstraint(["assignee_id"], ["person.id"], name=op.f("fk_call_owed_assignee_id")),
        sa.ForeignKeyConstraint(["called_for_id"], ["person.id"], name=op.f("fk_call_owed_called_for_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_call_owed_person_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["service_ticket.id"], name=op.f("fk_call_owed_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_owed")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("call_owed", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_owed_assignee_id"), ["assignee_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_owed_called_for_id"), ["called_for_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_owed_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_owed_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_call_owed_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_owed_ticket_id"), ["ticket_id"], unique=False)

    op.create_table(
        "daily_review_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("overdue", sa.Boolean(), nullable=True),
        sa.Column("voided", sa.Boolean(), nullable=True),
        sa.Column("unexplained", sa.Boolean(), nullable=True),
        sa.Column("reopened", sa.Boolean(), nullable=True),
        sa.Column("dissatisfied", sa.Boolean(), nullable=True),
        sa.Column("unanswered", sa.Boolean(), nullable=True),
        sa.Column("oddities", sa.Integer(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "listed", "nonconforming", name="state_known", native_enum=False, create_constraint=True, length=30
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
        sa.ForeignKeyConstraint(["review_id"], ["daily_review.id"], name=op.f("fk_daily_review_line_review_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["service_ticket.id"], name=op.f("fk_daily_review_line_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daily_review_line")),
        sa.UniqueConstraint("review_id", "ticket_id", name=op.f("uq_daily_review_line_review_id_ticket_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("daily_review_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_daily_review_line_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_daily_review_line_review_id"), ["review_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_daily_review_line_ticket_id"), ["ticket_id"], unique=False)

    op.create_table(
        "hand_over_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hand_over_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("ticket_state", sa.String(length=40), nullable=False),
        sa.Column("ticket_due_at", Moment(), nullable=True),
        sa.Column("overdue", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["hand_over_id"], ["shift_hand_over.id"], name=op.f("fk_hand_over_item_hand_over_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["service_ticket.id"], name=op.f("fk_hand_over_item_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_over_item")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("hand_over_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hand_over_item_hand_over_id"), ["hand_over_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_hand_over_item_ticket_id"), ["ticket_id"], unique=False)

    op.create_table(
        "knowledge_gap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gap_no", sa.String(length=100), nullable=True),
        sa.Column("question", sa.String(length=300), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("raised_by_id", sa.Integer(), nullable=True),
        sa.Column("writer_id", sa.Integer(), nullable=True),
        sa.Column("article_id", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "writing",
                "answered",
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
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_knowledge_gap_article_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_knowledge_gap_department_id")),
        sa.ForeignKeyConstraint(["raised_by_id"], ["person.id"], name=op.f("fk_knowledge_gap_raised_by_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["service_ticket.id"], name=op.f("fk_knowledge_gap_ticket_id")),
        sa.ForeignKeyConstraint(["writer_id"], ["person.id"], name=op.f("fk_knowledge_gap_writer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_gap")),
        sa.UniqueConstraint("gap_no", name=op.f("uq_knowledge_gap_gap_no")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("knowledge_gap", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_knowledge_gap_article_id"), ["article_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_knowledge_gap_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_knowledge_gap_department_id"), ["department_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_knowledge_gap_raised_by_id"), ["raised_by_id"], unique=False)
        batch_op.create_index("ix_knowledge_gap_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_knowledge_gap_ticket_id"), ["ticket_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_knowledge_gap_writer_id"), ["writer_id"], unique=False)

    op.create_table(
        "call_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "reached",
                "no_answer",
                "wrong_number",
                "refused",
                name="outcome_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call_owed.id"], name=op.f("fk_call_attempt_call_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_call_attempt_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_attempt")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("call_attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_attempt_call_id"), ["call_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_attempt_person_id"), ["person_id"], unique=False)

    op.create_table(
        "correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("found_by_id", sa.Integer(), nullable=True),
        sa.Column("done_words", sa.Text(), nullable=True),
        sa.Column("done_at", Moment(), nullable=True),
        sa.Column("verified_by_id", sa.Integer(), nullable=True),
        sa.Column("verified_at", Moment(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "open", "done", "verified", name="state_known", native_enum=False, create_constraint=True, length=30
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
        sa.ForeignKeyConstraint(["found_by_id"], ["person.id"], name=op.f("fk_correction_found_by_id")),
        sa.ForeignKeyConstraint(["line_id"], ["daily_review_line.id"], name=op.f("fk_correction_line_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_correction_owner_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["service_ticket.id"], name=op.f("fk_correction_ticket_id")),
        sa.ForeignKeyConstraint(["verified_by_id"], ["person.id"], name=op.f("fk_correction_verified_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("correction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_correction_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_correction_found_by_id"), ["found_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_correction_line_id"), ["line_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_correction_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index("ix_correction_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_correction_ticket_id"), ["ticket_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_correction_verified_by_id"), ["verified_by_id"], unique=False)

    op.create_table(
        "unit_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=True),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("creator_id", sa.Integer(), nullable=True),
        sa.Column("mailed_at", Moment(), nullable=True),
        sa.Column("used_at", Moment(), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=True),
        sa.Column("secret", sa.String(length=43), nullable=False),
        sa.Column(
            "state",
            sa.Enum("valid", "revoked", name="state_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["creator_id"], ["person.id"], name=op.f("fk_unit_link_creator_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_unit_link_department_id")),
        sa.ForeignKeyConstraint(["order_id"], ["dispatch_order.id"], name=op.f("fk_unit_link_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_link")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("unit_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_link_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_unit_link_creator_id"), ["creator_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_unit_link_department_id"), ["department_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_unit_link_order_id"), ["order_id"], unique=False)
        batch_op.create_index("ix_unit_link_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "improvement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("correction_id", sa.Integer(), nullable=True),
        sa.Column("review_id", sa.Integer(), nullable=True),
        sa.Column("decider_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.Column("carried_words", sa.Text(), nullable=True),
        sa.Column("carried_at", Moment(), nullable=True),
        sa.Column("judge_id", sa.Integer(), nullable=True),
        sa.Column("judgement", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "decided",
                "in_progress",
                "carried_out",
                "effective",
                "not_effective",
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
        sa.ForeignKeyConstraint(["correction_id"], ["correction.id"], name=op.f("fk_improvement_correction_id")),
        sa.ForeignKeyConstraint(["decider_id"], ["person.id"], name=op.f("fk_improvement_decider_id")),
        sa.ForeignKeyConstraint(["judge_id"], ["person.id"], name=op.f("fk_improvement_judge_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_improvement_owner_id")),
        sa.ForeignKeyConstraint(["review_id"], ["daily_review.id"], name=op.f("fk_improvement_review_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["service_ticket.id"], name=op.f("fk_improvement_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_improvement")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("improvement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_improvement_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_improvement_correction_id"), ["correction_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_improvement_decider_id"), ["decider_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_improvement_judge_id"), ["judge_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_improvement_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_improvement_review_id"), ["review_id"], unique=False)
        batch_op.create_index("ix_improvement_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_improvement_ticket_id"), ["ticket_id"], unique=False)

    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.add_column(sa.Column("own_due_at", Moment(), nullable=True))

    with op.batch_alter_table("dispatch_order", table_kwargs=KEYS) as batch_op:
        batch_op.add_column(sa.Column("contact_words", sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column("reply_words", sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column("follow_words", sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column("contact_how", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("extension_asked_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("extension_until", Moment(), nullable=True))
        batch_op.add_column(sa.Column("extension_reason", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("extension_ground", sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column("returned_at", Moment(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "return_ground",
                sa.Enum(
                    "not_ours",
                    "other_place",
                    "unclear",
                    "twice",
                    "other_way",
                    name="return_ground_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("proposed_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("rework_reason", sa.Text(), nullable=True))
        batch_op.create_index(batch_op.f("ix_dispatch_order_proposed_id"), ["proposed_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_dispatch_order_proposed_id"), "department", ["proposed_id"], ["id"])

    with op.batch_alter_table("incoming_document", table_kwargs=KEYS) as batch_op:
        batch_op.add_column(sa.Column("issued_as_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_incoming_document_issued_as_id"), ["issued_as_id"], unique=False)
        batch_op.create_foreign_key(
            "fk_incoming_document_issued_as_id_outgoing_document", "outgoing_document", ["issued_as_id"], ["id"]
        )

    with op.batch_alter_table("product", table_kwargs=KEYS) as batch_op:
        batch_op.add_column(sa.Column("service", sa.Boolean(), nullable=True))

    with op.batch_alter_table("sales_order", table_kwargs=KEYS) as batch_op:
        batch_op.add_column(sa.Column("ticket_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("parted", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("acceptance", sa.Text(), nullable=True))
        batch_op.create_index(batch_op.f("ix_sales_order_ticket_id"), ["ticket_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_sales_order_ticket_id"), "service_ticket", ["ticket_id"], ["id"])

    with op.batch_alter_table("sealed_identity", table_kwargs=KEYS) as batch_op:
        batch_op.add_column(sa.Column("email", sa.String(length=254), nullable=True))

    with op.batch_alter_table("service_ticket", table_kwargs=KEYS) as batch_op:
        batch_op.add_column(
            sa.Column(
                "scheme",
                sa.Enum(
                    "hotline",
                    "property_desk",
                    name="scheme_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=False,
                server_default="hotline",
            )
        )
        batch_op.add_column(
            sa.Column(
                "sub_kind",
                sa.Enum(
                    "opinion",
                    "suggestion",
                    "praise",
                    name="sub_kind_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("pressing", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("picked_up_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("ended_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("rings", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("email", sa.String(length=254), nullable=True))
        batch_op.add_column(sa.Column("confidential", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("subject_unit_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("acknowledged_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("letter_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("service_ordered_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("citation_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("referral_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("unsupported", sa.Boolean(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "cause",
                sa.Enum(
                    "handling",
                    "policy",
                    "out_of_scope",
                    name="cause_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(
            sa.Column(
                "close_code",
                sa.Enum(
                    "answered",
                    "referred",
                    "resolved",
                    "not_possible",
                    "withdrawn",
                    "unanswerable",
                    name="close_code_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("alternative", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("nonconforming", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("staff_own", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("episode", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("waits", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("wake_at", Moment(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "waited_in",
                sa.Enum(
                    "open",
                    "appointment",
                    "dispatched",
                    "reply_in",
                    "waiting",
                    "answered",
                    "callback_due",
                    "reopened",
                    "closed",
                    "opinion_forwarded",
                    "merged",
                    "voided",
                    name="waited_in_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("progress_code", sa.String(length=10), nullable=True))
        batch_op.add_column(sa.Column("reopens_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("merged_into_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("offered_to_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_service_ticket_citation_id"), ["citation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_ticket_letter_id"), ["letter_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_ticket_merged_into_id"), ["merged_into_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_ticket_offered_to_id"), ["offered_to_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_ticket_referral_id"), ["referral_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_ticket_reopens_id"), ["reopens_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_ticket_subject_unit_id"), ["subject_unit_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_service_ticket_offered_to_id"), "person", ["offered_to_id"], ["id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_service_ticket_merged_into_id"), "service_ticket", ["merged_into_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_service_ticket_reopens_id"), "service_ticket", ["reopens_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_service_ticket_subject_unit_id"), "department", ["subject_unit_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_service_ticket_letter_id"), "incoming_document", ["letter_id"], ["id"]
        )
        batch_op.create_foreign_key(batch_op.f("fk_service_ticket_referral_id"), "referral", ["referral_id"], ["id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_service_ticket_citation_id"), "article_version", ["citation_id"], ["id"]
        )

    words("service_ticket", "state", (*TICKET_STATES, "merged"))
    words("dispatch_order", "state", (*ORDER_STATES, "extension_asked", "confirming", "superseded"))
    words("escalation_rung", "basis", ("half_time", "share", "limit", "morning"))
    words("service_ticket", "grade", (*GRADES, "not_reached", "very_dissatisfied"))
    fill(op.get_bind())
    words("service_ticket", "grade", (*GRADES, "very_dissatisfied"))
    with op.batch_alter_table("service_ticket", table_kwargs=KEYS) as batch_op:
        batch_op.alter_column("scheme", server_default=None)


def downgrade() -> None:
    for table, column, after, before in (
        ("service_ticket", "state", "merged", "voided"),
        ("service_ticket", "grade", "very_dissatisfied", "dissatisfied"),
        ("dispatch_order", "state", "extension_asked", "signed"),
        ("dispatch_order", "state", "confirming", "fed_back"),
        ("dispatch_order", "state", "superseded", "accepted"),
    ):
        op.execute(f"UPDATE {table} SET {column} = '{before}' WHERE {column} = '{after}'")
    op.execute("DELETE FROM escalation_rung WHERE basis = 'share'")
    op.execute(
        "UPDATE clock_rule SET record_kind = 'service_tickets', stage = 'callback' WHERE record_kind = 'calls_owed'"
    )
    words("service_ticket", "grade", (*GRADES, "not_reached"))
    words("service_ticket", "state", TICKET_STATES)
    words("dispatch_order", "state", ORDER_STATES)
    words("escalation_rung", "basis", ("half_time", "limit", "morning"))
    with op.batch_alter_table("service_ticket", table_kwargs=KEYS) as batch_op:
        for name in ("scheme", "sub_kind", "cause", "close_code", "waited_in"):
            batch_op.drop_constraint(op.f(f"ck_service_ticket_{name}_known"), type_="check")
    with op.batch_alter_table("dispatch_order", table_kwargs=KEYS) as batch_op:
        batch_op.drop_constraint(op.f("ck_dispatch_order_return_ground_known"), type_="check")
    with op.batch_alter_table("service_ticket", table_kwargs=KEYS) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_service_ticket_citation_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_service_ticket_referral_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_service_ticket_letter_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_service_ticket_subject_unit_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_service_ticket_reopens_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_service_ticket_merged_into_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_service_ticket_offered_to_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_service_ticket_subject_unit_id"))
        batch_op.drop_index(batch_op.f("ix_service_ticket_reopens_id"))
        batch_op.drop_index(batch_op.f("ix_service_ticket_referral_id"))
        batch_op.drop_index(batch_op.f("ix_service_ticket_offered_to_id"))
        batch_op.drop_index(batch_op.f("ix_service_ticket_merged_into_id"))
        batch_op.drop_index(batch_op.f("ix_service_ticket_letter_id"))
        batch_op.drop_index(batch_op.f("ix_service_ticket_citation_id"))
        batch_op.drop_column("offered_to_id")
        batch_op.drop_column("merged_into_id")
        batch_op.drop_column("reopens_id")
        batch_op.drop_column("progress_code")
        batch_op.drop_column("waited_in")
        batch_op.drop_column("wake_at")
        batch_op.drop_column("waits")
        batch_op.drop_column("episode")
        batch_op.drop_column("staff_own")
        batch_op.drop_column("nonconforming")
        batch_op.drop_column("alternative")
        batch_op.drop_column("close_code")
        batch_op.drop_column("cause")
        batch_op.drop_column("unsupported")
        batch_op.drop_column("referral_id")
        batch_op.drop_column("citation_id")
        batch_op.drop_column("service_ordered_at")
        batch_op.drop_column("letter_id")
        batch_op.drop_column("acknowledged_at")
        batch_op.drop_column("subject_unit_id")
        batch_op.drop_column("confidential")
        batch_op.drop_column("email")
        batch_op.drop_column("rings")
        batch_op.drop_column("ended_at")
        batch_op.drop_column("picked_up_at")
        batch_op.drop_column("pressing")
        batch_op.drop_column("sub_kind")
        batch_op.drop_column("scheme")

    with op.batch_alter_table("sealed_identity", table_kwargs=KEYS) as batch_op:
        batch_op.drop_column("email")

    with op.batch_alter_table("sales_order", table_kwargs=KEYS) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_sales_order_ticket_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_sales_order_ticket_id"))
        batch_op.drop_column("acceptance")
        batch_op.drop_column("parted")
        batch_op.drop_column("ticket_id")

    with op.batch_alter_table("product", table_kwargs=KEYS) as batch_op:
        batch_op.drop_column("service")

    with op.batch_alter_table("incoming_document", table_kwargs=KEYS) as batch_op:
        batch_op.drop_constraint("fk_incoming_document_issued_as_id_outgoing_document", type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_incoming_document_issued_as_id"))
        batch_op.drop_column("issued_as_id")

    with op.batch_alter_table("dispatch_order", table_kwargs=KEYS) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_dispatch_order_proposed_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_dispatch_order_proposed_id"))
        batch_op.drop_column("rework_reason")
        batch_op.drop_column("proposed_id")
        batch_op.drop_column("return_ground")
        batch_op.drop_column("returned_at")
        batch_op.drop_column("extension_ground")
        batch_op.drop_column("extension_reason")
        batch_op.drop_column("extension_until")
        batch_op.drop_column("extension_asked_at")
        batch_op.drop_column("contact_how")
        batch_op.drop_column("follow_words")
        batch_op.drop_column("reply_words")
        batch_op.drop_column("contact_words")

    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.drop_column("own_due_at")

    op.drop_table("improvement")
    op.drop_table("unit_link")
    op.drop_table("correction")
    op.drop_table("call_attempt")
    op.drop_table("knowledge_gap")
    op.drop_table("hand_over_item")
    op.drop_table("daily_review_line")
    op.drop_table("call_owed")
    op.drop_table("conduct_line")
    op.drop_table("article_version")
    op.drop_table("visitor")
    op.drop_table("staff_clearance")
    op.drop_table("shift_hand_over")
    op.drop_table("duty_shift")
    op.drop_table("daily_review")
    op.drop_table("conduct_sheet")
    op.drop_table("article")
    op.drop_table("referral")
    op.drop_table("search_term")
    op.drop_table("script_card")
    op.drop_table("phone_key")
    op.drop_table("note_template")
    op.drop_table("desk_procedure")
    op.drop_table("conduct_item")
