# SPDX-License-Identifier: Apache-2.0
"""Create the table servers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, JSON_TEXT, UTC_TIME, UUID_TEXT, text

revision = "cell_e0005"
down_revision = "cell_e0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "servers",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("id", UUID_TEXT, nullable=False),
        sa.Column("project_id", text(255), nullable=False),
        sa.Column("user_id", text(255), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("hostname", text(255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("task", sa.String(length=48), nullable=True),
        sa.Column("power", sa.Integer(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("host", text(255), nullable=True),
        sa.Column("node", text(255), nullable=True),
        sa.Column("launched_on", text(255), nullable=True),
        sa.Column("zone", text(255), nullable=True),
        sa.Column("pinned_zone", text(255), nullable=True),
        sa.Column("flavor_id", text(255), nullable=False),
        sa.Column("flavor", JSON_TEXT, nullable=False),
        sa.Column("image_id", UUID_TEXT, nullable=True),
        sa.Column("image", JSON_TEXT, nullable=True),
        sa.Column("key_name", text(255), nullable=True),
        sa.Column("key_data", sa.Text(), nullable=True),
        sa.Column("user_data", JSON_TEXT, nullable=True),
        sa.Column("config_drive", sa.Boolean(), nullable=False),
        sa.Column("metadata", JSON_TEXT, nullable=False),
        sa.Column("system_metadata", JSON_TEXT, nullable=False),
        sa.Column("tags", JSON_TEXT, nullable=False),
        sa.Column("addresses", JSON_TEXT, nullable=False),
        sa.Column("security_groups", JSON_TEXT, nullable=False),
        sa.Column("attachments", JSON_TEXT, nullable=False),
        sa.Column("hints", JSON_TEXT, nullable=False),
        sa.Column("group_id", UUID_TEXT, nullable=True),
        sa.Column("trusted_certs", JSON_TEXT, nullable=True),
        sa.Column("root_device", sa.String(length=64), nullable=False),
        sa.Column("reservation_id", sa.String(length=32), nullable=False),
        sa.Column("launch_index", sa.Integer(), nullable=False),
        sa.Column("access_ip_v4", sa.String(length=39), nullable=True),
        sa.Column("access_ip_v6", sa.String(length=39), nullable=True),
        sa.Column("disk_config", sa.String(length=8), nullable=False),
        sa.Column("locked_by", sa.String(length=8), nullable=True),
        sa.Column("locked_reason", text(255), nullable=True),
        sa.Column("fault", JSON_TEXT, nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("updated_at", UTC_TIME, nullable=True),
        sa.Column("launched_at", UTC_TIME, nullable=True),
        sa.Column("terminated_at", UTC_TIME, nullable=True),
        sa.Column("deleted", BIG_ID, nullable=False),
        sa.Column("deleted_at", UTC_TIME, nullable=True),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
    op.create_index(
        "ix_servers_changed", "servers", ["updated_at"], unique=False, if_not_exists=True
    )
    op.create_index(op.f("ix_servers_host"), "servers", ["host"], unique=False, if_not_exists=True)
    op.create_index(
        "ix_servers_list",
        "servers",
        ["deleted", "created_at", "id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        "ix_servers_project",
        "servers",
        ["project_id", "deleted", "created_at", "id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_servers_reservation_id"),
        "servers",
        ["reservation_id"],
        unique=False,
        if_not_exists=True,
    )
