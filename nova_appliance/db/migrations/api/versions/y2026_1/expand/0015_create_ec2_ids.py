# SPDX-License-Identifier: Apache-2.0
"""Create the table ec2_ids."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, UTC_TIME, text

revision = "api_e0015"
down_revision = "api_e0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ec2_ids",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("ec2_id", text(32), nullable=False),
        sa.Column("thing_id", text(512), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("ec2_id"),
        sa.UniqueConstraint("prefix", "thing_id", name="uq_ec2_ids"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
