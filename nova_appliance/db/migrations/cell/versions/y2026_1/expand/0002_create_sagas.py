# SPDX-License-Identifier: Apache-2.0
"""Create the table sagas."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, JSON_TEXT, UTC_TIME, UUID_TEXT, text

revision = "cell_e0002"
down_revision = "cell_e0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sagas",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("id", UUID_TEXT, nullable=False),
        sa.Column("name", sa.String(length=48), nullable=False),
        sa.Column("server_id", UUID_TEXT, nullable=False),
        sa.Column("context", JSON_TEXT, nullable=False),
        sa.Column("order_", JSON_TEXT, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("error", JSON_TEXT, nullable=True),
        sa.Column("owner", text(255), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("parked", sa.String(length=48), nullable=True),
        sa.Column("parked_epoch", sa.Integer(), nullable=False),
        sa.Column("report", JSON_TEXT, nullable=True),
        sa.Column("lease_until", UTC_TIME, nullable=True),
        sa.Column("wake_at", UTC_TIME, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("updated_at", UTC_TIME, nullable=True),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("id"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
    op.create_index("ix_sagas_due", "sagas", ["state", "wake_at"], unique=False, if_not_exists=True)
    op.create_index(
        op.f("ix_sagas_server_id"), "sagas", ["server_id"], unique=False, if_not_exists=True
    )
