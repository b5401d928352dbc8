# SPDX-License-Identifier: Apache-2.0
"""Create the table server_actions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, UTC_TIME, UUID_TEXT, text

revision = "cell_e0004"
down_revision = "cell_e0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "server_actions",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("server_id", UUID_TEXT, nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", text(255), nullable=True),
        sa.Column("project_id", text(255), nullable=True),
        sa.Column("started_at", UTC_TIME, nullable=False),
        sa.Column("finished_at", UTC_TIME, nullable=True),
        sa.Column("updated_at", UTC_TIME, nullable=True),
        sa.Column("message", text(255), nullable=True),
        sa.PrimaryKeyConstraint("row"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
    op.create_index(
        "ix_server_actions",
        "server_actions",
        ["server_id", "request_id"],
        unique=False,
        if_not_exists=True,
    )
