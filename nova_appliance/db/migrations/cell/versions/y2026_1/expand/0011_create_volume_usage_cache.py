# SPDX-License-Identifier: Apache-2.0
"""Create the table volume_usage_cache."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, UTC_TIME, UUID_TEXT, text

revision = "cell_e0011"
down_revision = "cell_e0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "volume_usage_cache",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("volume_id", UUID_TEXT, nullable=False),
        sa.Column("server_id", UUID_TEXT, nullable=False),
        sa.Column("project_id", text(255), nullable=False),
        sa.Column("user_id", text(255), nullable=False),
        sa.Column("zone", text(255), nullable=True),
        sa.Column("tot_last_refreshed", UTC_TIME, nullable=True),
        sa.Column("tot_reads", sa.BigInteger(), nullable=False),
        sa.Column("tot_read_bytes", sa.BigInteger(), nullable=False),
        sa.Column("tot_writes", sa.BigInteger(), nullable=False),
        sa.Column("tot_write_bytes", sa.BigInteger(), nullable=False),
        sa.Column("curr_last_refreshed", UTC_TIME, nullable=True),
        sa.Column("curr_reads", sa.BigInteger(), nullable=False),
        sa.Column("curr_read_bytes", sa.BigInteger(), nullable=False),
        sa.Column("curr_writes", sa.BigInteger(), nullable=False),
        sa.Column("curr_write_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("volume_id", "server_id", name="uq_volume_usage_cache"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
