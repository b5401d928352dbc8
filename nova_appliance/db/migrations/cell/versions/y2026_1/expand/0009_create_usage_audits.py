# SPDX-License-Identifier: Apache-2.0
"""Create the table usage_audits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, UTC_TIME, text

revision = "cell_e0009"
down_revision = "cell_e0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "usage_audits",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("host", text(255), nullable=False),
        sa.Column("begins_at", UTC_TIME, nullable=False),
        sa.Column("ends_at", UTC_TIME, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("servers", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("message", text(255), nullable=False),
        sa.Column("changed_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("host", "begins_at", "ends_at"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
