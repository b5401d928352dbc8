# SPDX-License-Identifier: Apache-2.0
"""Create the table claims."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, UTC_TIME, UUID_TEXT

revision = "api_e0003"
down_revision = "api_e0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claims",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("server_id", UUID_TEXT, nullable=False),
        sa.Column("host_id", UUID_TEXT, nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("vcpus", sa.Integer(), nullable=False),
        sa.Column("memory_mib", sa.Integer(), nullable=False),
        sa.Column("disk_gib", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("server_id", "host_id", "purpose", name="uq_claims"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_claims_host_id"), "claims", ["host_id"], unique=False, if_not_exists=True
    )
