# SPDX-License-Identifier: Apache-2.0
"""Create the table server_action_events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, UTC_TIME, text

revision = "cell_e0003"
down_revision = "cell_e0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "server_action_events",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("action_row", BIG_ID, nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("started_at", UTC_TIME, nullable=False),
        sa.Column("finished_at", UTC_TIME, nullable=True),
        sa.Column("result", sa.String(length=16), nullable=True),
        sa.Column("host", text(255), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("traceback", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("action_row", "event", name="uq_server_action_events"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
