# SPDX-License-Identifier: Apache-2.0
"""Create the table migrations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, JSON_TEXT, UTC_TIME, UUID_TEXT, text

revision = "cell_e0008"
down_revision = "cell_e0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "migrations",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("id", UUID_TEXT, nullable=False),
        sa.Column("server_id", UUID_TEXT, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("project_id", text(255), nullable=False),
        sa.Column("user_id", text(255), nullable=False),
        *(
            sa.Column(f"{end}_{part}", text(255), nullable=True)
            for end, part in (
                ("source", "host"),
                ("source", "node"),
                ("target", "host"),
                ("target", "node"),
                ("target", "address"),
            )
        ),
        sa.Column("old_flavor", JSON_TEXT, nullable=False),
        sa.Column("new_flavor", JSON_TEXT, nullable=False),
        sa.Column("wanted", sa.String(length=16), nullable=True),
        sa.Column("memory", JSON_TEXT, nullable=False),
        sa.Column("disk", JSON_TEXT, nullable=False),
        sa.Column("facts", JSON_TEXT, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("updated_at", UTC_TIME, nullable=True),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
    for name, columns in (
        ("ix_migrations_list", ["created_at", "row"]),
        (op.f("ix_migrations_server_id"), ["server_id"]),
        (op.f("ix_migrations_source_host"), ["source_host"]),
        (op.f("ix_migrations_status"), ["status"]),
    ):
        op.create_index(name, "migrations", columns, unique=False, if_not_exists=True)
