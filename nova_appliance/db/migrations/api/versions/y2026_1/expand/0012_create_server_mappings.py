# SPDX-License-Identifier: Apache-2.0
"""Create the table server_mappings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, UTC_TIME, UUID_TEXT, text

revision = "api_e0012"
down_revision = "api_e0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "server_mappings",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("server_id", UUID_TEXT, nullable=False),
        sa.Column("cell_id", UUID_TEXT, nullable=False),
        sa.Column("project_id", text(255), nullable=False),
        sa.Column("user_id", text(255), nullable=False),
        sa.Column("vcpus", sa.Integer(), nullable=False),
        sa.Column("memory_mib", sa.Integer(), nullable=False),
        sa.Column("group_id", UUID_TEXT, nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("server_id"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
    op.create_index(
        "ix_server_mappings_cell", "server_mappings", ["cell_id"], unique=False, if_not_exists=True
    )
    op.create_index(
        "ix_server_mappings_group",
        "server_mappings",
        ["group_id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        "ix_server_mappings_project",
        "server_mappings",
        ["project_id", "user_id"],
        unique=False,
        if_not_exists=True,
    )
