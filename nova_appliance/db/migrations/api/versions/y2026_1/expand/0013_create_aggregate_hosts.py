# SPDX-License-Identifier: Apache-2.0
"""Create the table aggregate_hosts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, text

revision = "api_e0013"
down_revision = "api_e0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "aggregate_hosts",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("aggregate_row", BIG_ID, nullable=True),
        sa.Column("host", text(255), nullable=False),
        sa.ForeignKeyConstraint(["aggregate_row"], ["aggregates.row"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("aggregate_row", "host", name="uq_aggregate_hosts"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_aggregate_hosts_host"),
        "aggregate_hosts",
        ["host"],
        unique=False,
        if_not_exists=True,
    )
