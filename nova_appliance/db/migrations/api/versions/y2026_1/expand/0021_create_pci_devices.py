# SPDX-License-Identifier: Apache-2.0
"""Create the table pci_devices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, UTC_TIME, UUID_TEXT, text

revision = "api_e0021"
down_revision = "api_e0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pci_devices",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("host_id", UUID_TEXT, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("vendor_id", sa.String(4), nullable=False),
        sa.Column("product_id", sa.String(4), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("numa_node", sa.Integer(), nullable=True),
        sa.Column("parent", sa.String(64), nullable=True),
        sa.Column("mdev_type", text(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("server_id", UUID_TEXT, nullable=True),
        sa.Column("purpose", sa.String(16), nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("updated_at", UTC_TIME, nullable=True),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("host_id", "address", name="uq_pci_devices"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
    op.create_index("ix_pci_devices_server_id", "pci_devices", ["server_id"], if_not_exists=True)
