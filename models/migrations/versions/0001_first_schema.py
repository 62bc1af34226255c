"""first schema"""

import sqlalchemy as sa
from alembic import op

import app.engine.moments
import app.engine.money

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ab_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("label", sa.String(length=150), nullable=True),
        sa.Column("description", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "ab_permission",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "ab_register_user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_name", sa.String(length=64), nullable=False),
        sa.Column("last_name", sa.String(length=64), nullable=False),
        sa.Column("username", sa.String(length=128), nullable=False),
        sa.Column("password", sa.String(length=256), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("registration_date", sa.DateTime(), nullable=True),
        sa.Column("registration_hash", sa.String(length=256), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
        sa.UniqueConstraint("username"),
    )
    op.create_table(
        "ab_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "ab_user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_name", sa.String(length=64), nullable=False),
        sa.Column("last_name", sa.String(length=64), nullable=False),
        sa.Column("username", sa.String(length=128), nullable=False),
        sa.Column("password", sa.String(length=256), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("last_login", sa.DateTime(), nullable=True),
        sa.Column("login_count", sa.Integer(), nullable=True),
        sa.Column("fail_login_count", sa.Integer(), nullable=True),
        sa.Column("created_on", sa.DateTime(), nullable=True),
        sa.Column("changed_on", sa.DateTime(), nullable=True),
        sa.Column("created_by_fk", sa.Integer(), nullable=True),
        sa.Column("changed_by_fk", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["changed_by_fk"],
            ["ab_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["created_by_fk"],
            ["ab_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
        sa.UniqueConstraint("username"),
    )
    op.create_table(
        "ab_view_menu",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=250), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "attachment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_kind", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(length=120), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.create_index("ix_attachment_record", ["record_kind", "record_id"], unique=False)

    op.create_table(
        "calendar_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("worked", sa.Boolean(), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("day"),
    )
    op.create_table(
        "clock_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_kind", sa.String(length=40), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("case", sa.String(length=40), nullable=True),
        sa.Column("profile", sa.String(length=40), nullable=True),
        sa.Column("amount", app.engine.money.Quantity(), nullable=False),
        sa.Column(
            "unit",
            sa.Enum(
                "elapsed_hours",
                "working_hours",
                "calendar_days",
                "working_days",
                "on_arrival",
                name="unit_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "calendar",
            sa.Enum("office", "always", name="calendar_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("ours", sa.Boolean(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("clock_rule", schema=None) as batch_op:
        batch_op.create_index("ix_clock_rule_stage", ["record_kind", "stage"], unique=False)

    op.create_table(
        "correspondent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("short_name", sa.String(length=60), nullable=True),
        sa.Column("number_code", sa.String(length=60), nullable=True),
        sa.Column("address", sa.String(length=300), nullable=True),
        sa.Column("phone", sa.String(length=60), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "department",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("leader_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["department.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("name"),
    )
    with op.batch_alter_table("department", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_department_leader_id"), ["leader_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_department_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "drawn_number",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series", sa.String(length=60), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", app.engine.moments.Moment(), nullable=False),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.CheckConstraint("state IN ('reserved', 'used', 'void')", name="state_known"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("series", "year", "serial"),
    )
    with op.batch_alter_table("drawn_number", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_drawn_number_text"), ["text"], unique=False)

    op.create_table(
        "form_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("at", app.engine.moments.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("actor_id", "key"),
    )
    with op.batch_alter_table("form_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_form_key_at"), ["at"], unique=False)

    op.create_table(
        "history_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("at", app.engine.moments.Moment(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("acting_for", sa.String(length=200), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("request_id", sa.String(length=40), nullable=True),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "record_id", "position"),
    )
    with op.batch_alter_table("history_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_history_entry_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_history_entry_at"), ["at"], unique=False)

    op.create_table(
        "number_counter",
        sa.Column("series", sa.String(length=60), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series", "year"),
    )
    op.create_table(
        "product",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_no", sa.String(length=60), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=True),
        sa.Column("colour", sa.String(length=60), nullable=True),
        sa.Column("size", sa.String(length=60), nullable=True),
        sa.Column("spec", sa.String(length=200), nullable=True),
        sa.Column("unit", sa.String(length=30), nullable=True),
        sa.Column("price", app.engine.money.UnitPrice(), nullable=True),
        sa.Column("tax_rate", app.engine.money.Rate(), nullable=True),
        sa.Column("cost", app.engine.money.UnitPrice(), nullable=True),
        sa.Column("stock", app.engine.money.Quantity(), nullable=True),
        sa.Column("discontinued", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("product_no"),
    )
    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_product_model"), ["model"], unique=False)

    op.create_table(
        "ab_api_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("key_hash", sa.String(length=256), nullable=False),
        sa.Column("lookup_hash", sa.String(length=256), nullable=True),
        sa.Column("key_prefix", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_on", sa.DateTime(), nullable=True),
        sa.Column("expires_on", sa.DateTime(), nullable=True),
        sa.Column("revoked_on", sa.DateTime(), nullable=True),
        sa.Column("last_used_on", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("lookup_hash"),
        sa.UniqueConstraint("uuid"),
    )
    with op.batch_alter_table("ab_api_key", schema=None) as batch_op:
        batch_op.create_index("idx_api_key_lookup_hash", ["lookup_hash"], unique=True)
        batch_op.create_index("idx_api_key_prefix", ["key_prefix"], unique=False)
        batch_op.create_index("idx_api_key_user_id", ["user_id"], unique=False)

    op.create_table(
        "ab_group_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("role_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["ab_group.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["role_id"], ["ab_role.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("group_id", "role_id"),
    )
    with op.batch_alter_table("ab_group_role", schema=None) as batch_op:
        batch_op.create_index("idx_group_id", ["group_id"], unique=False)
        batch_op.create_index("idx_group_role_id", ["role_id"], unique=False)

    op.create_table(
        "ab_permission_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("permission_id", sa.Integer(), nullable=False),
        sa.Column("view_menu_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["permission_id"],
            ["ab_permission.id"],
        ),
        sa.ForeignKeyConstraint(
            ["view_menu_id"],
            ["ab_view_menu.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("permission_id", "view_menu_id"),
    )
    with op.batch_alter_table("ab_permission_view", schema=None) as batch_op:
        batch_op.create_index("idx_permission_id", ["permission_id"], unique=False)
        batch_op.create_index("idx_view_menu_id", ["view_menu_id"], unique=False)

    op.create_table(
        "ab_user_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["ab_group.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "group_id"),
    )
    with op.batch_alter_table("ab_user_group", schema=None) as batch_op:
        batch_op.create_index("idx_user_group_id", ["group_id"], unique=False)
        batch_op.create_index("idx_user_id", ["user_id"], unique=False)

    op.create_table(
        "ab_user_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("role_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["role_id"], ["ab_role.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "role_id"),
    )
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=True),
        sa.Column("amount", sa.String(length=20), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("calendar", sa.String(length=20), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("started_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("due_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("original_due_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("stopped_at", app.engine.moments.Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["clock_rule.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "record_id", "stage", "episode"),
    )
    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.create_index("ix_clock_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("staff_no", sa.String(length=40), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.String(length=100), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("deputy_id", sa.Integer(), nullable=True),
        sa.Column("absent_from", sa.Date(), nullable=True),
        sa.Column("absent_until", sa.Date(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["department.id"],
        ),
        sa.ForeignKeyConstraint(
            ["deputy_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["ab_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("staff_no"),
        sa.UniqueConstraint("user_id"),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_department_id"), ["department_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_person_deputy_id"), ["deputy_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_person_name"), ["name"], unique=False)

    op.create_table(
        "ab_permission_view_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("permission_view_id", sa.Integer(), nullable=True),
        sa.Column("role_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["permission_view_id"], ["ab_permission_view.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["role_id"], ["ab_role.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("permission_view_id", "role_id"),
    )
    with op.batch_alter_table("ab_permission_view_role", schema=None) as batch_op:
        batch_op.create_index("idx_permission_view_id", ["permission_view_id"], unique=False)
        batch_op.create_index("idx_role_id", ["role_id"], unique=False)

    op.create_table(
        "clock_segment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clock_id", sa.Integer(), nullable=False),
        sa.Column("begins_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("ends_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("running", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["clock_id"], ["clock.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("clock_segment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_clock_segment_clock_id"), ["clock_id"], unique=False)

    op.create_table(
        "customer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_no", sa.String(length=60), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("short_name", sa.String(length=60), nullable=True),
        sa.Column("region", sa.String(length=100), nullable=True),
        sa.Column("address", sa.String(length=300), nullable=True),
        sa.Column("contact", sa.String(length=100), nullable=True),
        sa.Column("phone", sa.String(length=60), nullable=True),
        sa.Column("source", sa.String(length=100), nullable=True),
        sa.Column("grade", sa.String(length=30), nullable=True),
        sa.Column("credit_limit", app.engine.money.Money(), nullable=True),
        sa.Column("tax_no", sa.String(length=60), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("customer_no"),
    )
    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_customer_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_customer_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_customer_region"), ["region"], unique=False)

    op.create_table(
        "incoming_document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("receipt_no", sa.String(length=100), nullable=True),
        sa.Column("sender_id", sa.Integer(), nullable=False),
        sa.Column("sender_no", sa.String(length=100), nullable=True),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column(
            "secrecy",
            sa.Enum(
                "open",
                "internal",
                "secret",
                "confidential",
                "top_secret",
                name="secrecy_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "urgency",
            sa.Enum(
                "none",
                "urgent",
                "extra_urgent",
                name="urgency_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("received_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("handler_id", sa.Integer(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("proposal", sa.Text(), nullable=True),
        sa.Column("instruction", sa.Text(), nullable=True),
        sa.Column("limit_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
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
            ["department_id"],
            ["department.id"],
        ),
        sa.ForeignKeyConstraint(
            ["handler_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["sender_id"],
            ["correspondent.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("receipt_no"),
    )
    with op.batch_alter_table("incoming_document", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incoming_document_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_incoming_document_department_id"), ["department_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_incoming_document_handler_id"), ["handler_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_incoming_document_received_at"), ["received_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_incoming_document_sender_id"), ["sender_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_incoming_document_sender_no"), ["sender_no"], unique=False)
        batch_op.create_index("ix_incoming_document_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "outgoing_document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_no", sa.String(length=100), nullable=True),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column(
            "document_class",
            sa.Enum("formal", "special", name="class_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column(
            "document_type",
            sa.Enum(
                "decision",
                "notice",
                "circular",
                "report",
                "request",
                "reply",
                "letter",
                name="type_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "secrecy",
            sa.Enum(
                "open",
                "internal",
                "secret",
                "confidential",
                "top_secret",
                name="secrecy_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "urgency",
            sa.Enum(
                "none",
                "urgent",
                "extra_urgent",
                name="urgency_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("addressees", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("drafter_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("drafted_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("countersigned", sa.Text(), nullable=True),
        sa.Column("signer_id", sa.Integer(), nullable=True),
        sa.Column("signed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("text_checksum", sa.String(length=64), nullable=True),
        sa.Column("copies", sa.Integer(), nullable=True),
        sa.Column("printer", sa.String(length=200), nullable=True),
        sa.Column("sealed_by_id", sa.Integer(), nullable=True),
        sa.Column("issued_at", app.engine.moments.Moment(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
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
            ["department_id"],
            ["department.id"],
        ),
        sa.ForeignKeyConstraint(
            ["drafter_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["sealed_by_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["signer_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("document_no"),
    )
    with op.batch_alter_table("outgoing_document", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outgoing_document_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_outgoing_document_department_id"), ["department_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outgoing_document_drafted_at"), ["drafted_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_outgoing_document_drafter_id"), ["drafter_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outgoing_document_sealed_by_id"), ["sealed_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outgoing_document_signer_id"), ["signer_id"], unique=False)
        batch_op.create_index("ix_outgoing_document_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "service_ticket",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_no", sa.String(length=100), nullable=True),
        sa.Column(
            "channel",
            sa.Enum(
                "phone",
                "visit",
                "letter",
                "web",
                "email",
                "app",
                "social",
                "other",
                name="channel_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
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
                name="kind_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("received_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("answered_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("contact_name", sa.String(length=200), nullable=True),
        sa.Column("phone", sa.String(length=60), nullable=True),
        sa.Column("anonymous", sa.Boolean(), nullable=True),
        sa.Column("anonymity_explained", sa.Boolean(), nullable=True),
        sa.Column("read_back", sa.Boolean(), nullable=True),
        sa.Column("subject", sa.String(length=500), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("place", sa.String(length=500), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("taker_id", sa.Integer(), nullable=True),
        sa.Column("promised_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("citation", sa.String(length=500), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column(
            "grade",
            sa.Enum(
                "very_satisfied",
                "satisfied",
                "basically",
                "dissatisfied",
                "not_reached",
                name="grade_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=True,
        ),
        sa.Column(
            "state",
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
                "voided",
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
            ["department_id"],
            ["department.id"],
        ),
        sa.ForeignKeyConstraint(
            ["taker_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("ticket_no"),
    )
    with op.batch_alter_table("service_ticket", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_service_ticket_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_ticket_department_id"), ["department_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_ticket_received_at"), ["received_at"], unique=False)
        batch_op.create_index("ix_service_ticket_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_ticket_taker_id"), ["taker_id"], unique=False)

    op.create_table(
        "circulation_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("reader_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=500), nullable=True),
        sa.Column("sent_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("opened_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("read_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("opinion", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "offered",
                "skipped",
                "read",
                "answered",
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
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["incoming_document.id"],
        ),
        sa.ForeignKeyConstraint(
            ["reader_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("document_id", "reader_id", "round"),
    )
    with op.batch_alter_table("circulation_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_circulation_entry_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_circulation_entry_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_circulation_entry_reader_id"), ["reader_id"], unique=False)
        batch_op.create_index("ix_circulation_entry_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "customer_contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("position", sa.String(length=100), nullable=True),
        sa.Column("phone", sa.String(length=60), nullable=True),
        sa.Column("email", sa.String(length=200), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("customer_contact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_customer_contact_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "dispatch_order",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_no", sa.String(length=100), nullable=True),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("lead", sa.Boolean(), nullable=True),
        sa.Column("requirement", sa.Text(), nullable=False),
        sa.Column("contact_note", sa.Boolean(), nullable=True),
        sa.Column("reply_note", sa.Boolean(), nullable=True),
        sa.Column("follow_note", sa.Boolean(), nullable=True),
        sa.Column("limit_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("issued_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("signed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("contacted_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("fed_back_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("rework_count", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "issued",
                "signed",
                "contacted",
                "fed_back",
                "returned",
                "accepted",
                "cancelled",
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
            ["department_id"],
            ["department.id"],
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["service_ticket.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("order_no"),
    )
    with op.batch_alter_table("dispatch_order", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispatch_order_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_dispatch_order_department_id"), ["department_id"], unique=False)
        batch_op.create_index("ix_dispatch_order_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_dispatch_order_ticket_id"), ["ticket_id"], unique=False)

    op.create_table(
        "sales_order",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_no", sa.String(length=60), nullable=True),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column(
            "payment_type",
            sa.Enum(
                "third_party",
                "prepaid",
                "cash_on_delivery",
                "on_account",
                name="payment_type_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("placed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("promised_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("region", sa.String(length=100), nullable=True),
        sa.Column("salesperson_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("consignee", sa.String(length=200), nullable=True),
        sa.Column("phone", sa.String(length=60), nullable=True),
        sa.Column("address", sa.String(length=300), nullable=True),
        sa.Column("platform_no", sa.String(length=100), nullable=True),
        sa.Column("buyer_account", sa.String(length=100), nullable=True),
        sa.Column("freight", app.engine.money.Money(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("net", app.engine.money.Money(), nullable=False),
        sa.Column("tax", app.engine.money.Money(), nullable=False),
        sa.Column("gross", app.engine.money.Money(), nullable=False),
        sa.Column("quantity", app.engine.money.Quantity(), nullable=False),
        sa.Column("paid", app.engine.money.Money(), nullable=False),
        sa.Column("total", app.engine.money.Money(), nullable=True),
        sa.Column("confirmed_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("handed_over_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("shipped_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("carrier", sa.String(length=100), nullable=True),
        sa.Column("waybill", sa.String(length=100), nullable=True),
        sa.Column("received_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("cancelled_at", app.engine.moments.Moment(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "held_in",
            sa.Enum(
                "placed",
                "confirmed",
                "assigned",
                "handed_over",
                "shipped",
                "completed",
                "on_hold",
                "cancelled",
                "invalid",
                name="held_in_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=True,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "placed",
                "confirmed",
                "assigned",
                "handed_over",
                "shipped",
                "completed",
                "on_hold",
                "cancelled",
                "invalid",
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
            ["assignee_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
        ),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["department.id"],
        ),
        sa.ForeignKeyConstraint(
            ["salesperson_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("order_no"),
    )
    with op.batch_alter_table("sales_order", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sales_order_assignee_id"), ["assignee_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sales_order_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sales_order_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sales_order_department_id"), ["department_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sales_order_placed_at"), ["placed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sales_order_platform_no"), ["platform_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_sales_order_region"), ["region"], unique=False)
        batch_op.create_index(batch_op.f("ix_sales_order_salesperson_id"), ["salesperson_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sales_order_shipped_at"), ["shipped_at"], unique=False)
        batch_op.create_index("ix_sales_order_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "order_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("quantity", app.engine.money.Quantity(), nullable=False),
        sa.Column("price", app.engine.money.UnitPrice(), nullable=True),
        sa.Column("discount", app.engine.money.Rate(), nullable=True),
        sa.Column("tax_rate", app.engine.money.Rate(), nullable=True),
        sa.Column("net", app.engine.money.Money(), nullable=False),
        sa.Column("tax", app.engine.money.Money(), nullable=False),
        sa.Column("gross", app.engine.money.Money(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("changed_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["sales_order.id"],
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["product.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("order_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_order_line_order_id"), ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_order_line_product_id"), ["product_id"], unique=False)

    op.create_table(
        "payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("amount", app.engine.money.Money(), nullable=False),
        sa.Column("account", sa.String(length=100), nullable=True),
        sa.Column("reference", sa.String(length=100), nullable=True),
        sa.Column("paid_at", app.engine.moments.Moment(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("verified_by_id", sa.Integer(), nullable=True),
        sa.Column("verified_at", app.engine.moments.Moment(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "recorded",
                "verified",
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
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["sales_order.id"],
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["verified_by_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "reference"),
    )
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payment_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_order_id"), ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_paid_at"), ["paid_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_recorded_by_id"), ["recorded_by_id"], unique=False)
        batch_op.create_index("ix_payment_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_verified_by_id"), ["verified_by_id"], unique=False)

    # Departments and people refer to each other; the second constraint is made when both are there.
    with op.batch_alter_table("department") as batch_op:
        batch_op.create_foreign_key("fk_department_leader_id_person", "person", ["leader_id"], ["id"])

    # Nobody bends the record, the app included: the database itself refuses to change or remove an entry.
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        op.execute(
            "CREATE FUNCTION history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the history is append-only'; END $$"
        )
    for verb in ("UPDATE", "DELETE"):
        action = {
            "sqlite": "BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END",
            "postgresql": "FOR EACH ROW EXECUTE FUNCTION history_is_append_only()",
        }[dialect]
        op.execute(f"CREATE TRIGGER history_no_{verb.lower()} BEFORE {verb} ON history_entry {action}")


def downgrade() -> None:
    with op.batch_alter_table("department") as batch_op:
        batch_op.drop_constraint("fk_department_leader_id_person", type_="foreignkey")
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payment_verified_by_id"))
        batch_op.drop_index("ix_payment_state_due")
        batch_op.drop_index(batch_op.f("ix_payment_recorded_by_id"))
        batch_op.drop_index(batch_op.f("ix_payment_paid_at"))
        batch_op.drop_index(batch_op.f("ix_payment_order_id"))
        batch_op.drop_index(batch_op.f("ix_payment_closed_at"))

    op.drop_table("payment")
    with op.batch_alter_table("order_line", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_order_line_product_id"))
        batch_op.drop_index(batch_op.f("ix_order_line_order_id"))

    op.drop_table("order_line")
    with op.batch_alter_table("sales_order", schema=None) as batch_op:
        batch_op.drop_index("ix_sales_order_state_due")
        batch_op.drop_index(batch_op.f("ix_sales_order_shipped_at"))
        batch_op.drop_index(batch_op.f("ix_sales_order_salesperson_id"))
        batch_op.drop_index(batch_op.f("ix_sales_order_region"))
        batch_op.drop_index(batch_op.f("ix_sales_order_platform_no"))
        batch_op.drop_index(batch_op.f("ix_sales_order_placed_at"))
        batch_op.drop_index(batch_op.f("ix_sales_order_department_id"))
        batch_op.drop_index(batch_op.f("ix_sales_order_customer_id"))
        batch_op.drop_index(batch_op.f("ix_sales_order_closed_at"))
        batch_op.drop_index(batch_op.f("ix_sales_order_assignee_id"))

    op.drop_table("sales_order")
    with op.batch_alter_table("dispatch_order", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dispatch_order_ticket_id"))
        batch_op.drop_index("ix_dispatch_order_state_due")
        batch_op.drop_index(batch_op.f("ix_dispatch_order_department_id"))
        batch_op.drop_index(batch_op.f("ix_dispatch_order_closed_at"))

    op.drop_table("dispatch_order")
    with op.batch_alter_table("customer_contact", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_customer_contact_customer_id"))

    op.drop_table("customer_contact")
    with op.batch_alter_table("circulation_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_circulation_entry_state_due")
        batch_op.drop_index(batch_op.f("ix_circulation_entry_reader_id"))
        batch_op.drop_index(batch_op.f("ix_circulation_entry_document_id"))
        batch_op.drop_index(batch_op.f("ix_circulation_entry_closed_at"))

    op.drop_table("circulation_entry")
    with op.batch_alter_table("service_ticket", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_service_ticket_taker_id"))
        batch_op.drop_index("ix_service_ticket_state_due")
        batch_op.drop_index(batch_op.f("ix_service_ticket_received_at"))
        batch_op.drop_index(batch_op.f("ix_service_ticket_department_id"))
        batch_op.drop_index(batch_op.f("ix_service_ticket_closed_at"))

    op.drop_table("service_ticket")
    with op.batch_alter_table("outgoing_document", schema=None) as batch_op:
        batch_op.drop_index("ix_outgoing_document_state_due")
        batch_op.drop_index(batch_op.f("ix_outgoing_document_signer_id"))
        batch_op.drop_index(batch_op.f("ix_outgoing_document_sealed_by_id"))
        batch_op.drop_index(batch_op.f("ix_outgoing_document_drafter_id"))
        batch_op.drop_index(batch_op.f("ix_outgoing_document_drafted_at"))
        batch_op.drop_index(batch_op.f("ix_outgoing_document_department_id"))
        batch_op.drop_index(batch_op.f("ix_outgoing_document_closed_at"))

    op.drop_table("outgoing_document")
    with op.batch_alter_table("incoming_document", schema=None) as batch_op:
        batch_op.drop_index("ix_incoming_document_state_due")
        batch_op.drop_index(batch_op.f("ix_incoming_document_sender_no"))
        batch_op.drop_index(batch_op.f("ix_incoming_document_sender_id"))
        batch_op.drop_index(batch_op.f("ix_incoming_document_received_at"))
        batch_op.drop_index(batch_op.f("ix_incoming_document_handler_id"))
        batch_op.drop_index(batch_op.f("ix_incoming_document_department_id"))
        batch_op.drop_index(batch_op.f("ix_incoming_document_closed_at"))

    op.drop_table("incoming_document")
    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_customer_region"))
        batch_op.drop_index(batch_op.f("ix_customer_owner_id"))
        batch_op.drop_index(batch_op.f("ix_customer_name"))

    op.drop_table("customer")
    with op.batch_alter_table("clock_segment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_clock_segment_clock_id"))

    op.drop_table("clock_segment")
    with op.batch_alter_table("ab_permission_view_role", schema=None) as batch_op:
        batch_op.drop_index("idx_role_id")
        batch_op.drop_index("idx_permission_view_id")

    op.drop_table("ab_permission_view_role")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_person_name"))
        batch_op.drop_index(batch_op.f("ix_person_deputy_id"))
        batch_op.drop_index(batch_op.f("ix_person_department_id"))

    op.drop_table("person")
    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.drop_index("ix_clock_state_due")

    op.drop_table("clock")
    op.drop_table("ab_user_role")
    with op.batch_alter_table("ab_user_group", schema=None) as batch_op:
        batch_op.drop_index("idx_user_id")
        batch_op.drop_index("idx_user_group_id")

    op.drop_table("ab_user_group")
    with op.batch_alter_table("ab_permission_view", schema=None) as batch_op:
        batch_op.drop_index("idx_view_menu_id")
        batch_op.drop_index("idx_permission_id")

    op.drop_table("ab_permission_view")
    with op.batch_alter_table("ab_group_role", schema=None) as batch_op:
        batch_op.drop_index("idx_group_role_id")
        batch_op.drop_index("idx_group_id")

    op.drop_table("ab_group_role")
    with op.batch_alter_table("ab_api_key", schema=None) as batch_op:
        batch_op.drop_index("idx_api_key_user_id")
        batch_op.drop_index("idx_api_key_prefix")
        batch_op.drop_index("idx_api_key_lookup_hash")

    op.drop_table("ab_api_key")
    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_product_model"))

    op.drop_table("product")
    op.drop_table("number_counter")
    with op.batch_alter_table("history_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_history_entry_at"))
        batch_op.drop_index(batch_op.f("ix_history_entry_actor_id"))

    op.drop_table("history_entry")
    with op.batch_alter_table("form_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_form_key_at"))

    op.drop_table("form_key")
    with op.batch_alter_table("drawn_number", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_drawn_number_text"))

    op.drop_table("drawn_number")
    with op.batch_alter_table("department", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_department_parent_id"))
        batch_op.drop_index(batch_op.f("ix_department_leader_id"))

    op.drop_table("department")
    op.drop_table("correspondent")
    with op.batch_alter_table("clock_rule", schema=None) as batch_op:
        batch_op.drop_index("ix_clock_rule_stage")

    op.drop_table("clock_rule")
    op.drop_table("calendar_day")
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.drop_index("ix_attachment_record")

    op.drop_table("attachment")
    op.drop_table("ab_view_menu")
    op.drop_table("ab_user")
    op.drop_table("ab_role")
    op.drop_table("ab_register_user")
    op.drop_table("ab_permission")
    op.drop_table("ab_group")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION history_is_append_only()")
