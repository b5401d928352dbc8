# SPDX-License-Identifier: Apache-2.0
"""Create the table hosts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, JSON_TEXT, UTC_TIME, UUID_TEXT, text

revision = "api_e0005"
down_revision = "api_e0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hosts",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("id", UUID_TEXT, nullable=False),
        sa.Column("cell_id", UUID_TEXT, nullable=False),
        sa.Column("host", text(255), nullable=False),
        sa.Column("node", text(255), nullable=False),
        sa.Column("vcpus", sa.Integer(), nullable=False),
        sa.Column("memory_mib", sa.BigInteger(), nullable=False),
        sa.Column("disk_gib", sa.BigInteger(), nullable=False),
        sa.Column("vcpus_limit", sa.Integer(), nullable=False),
        sa.Column("memory_limit_mib", sa.BigInteger(), nullable=False),
        sa.Column("disk_limit_gib", sa.BigInteger(), nullable=False),
        sa.Column("vcpus_used", sa.Integer(), nullable=False),
        sa.Column("memory_used_mib", sa.BigInteger(), nullable=False),
        sa.Column("disk_used_gib", sa.BigInteger(), nullable=False),
        sa.Column("servers", sa.Integer(), nullable=False),
        sa.Column("building", sa.Integer(), nullable=False),
        sa.Column("failed_builds", sa.Integer(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("hypervisor_version", sa.Integer(), nullable=False),
        sa.Column("inventory", JSON_TEXT, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("updated_at", UTC_TIME, nullable=True),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("host", "node", name="uq_hosts"),
        sa.UniqueConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
    op.create_index(
        "ix_hosts_room", "hosts", ["disabled", "memory_limit_mib"], unique=False, if_not_exists=True
    )
