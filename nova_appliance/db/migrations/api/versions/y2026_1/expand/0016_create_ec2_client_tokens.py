# SPDX-License-Identifier: Apache-2.0
"""Create the table ec2_client_tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, UTC_TIME, text

revision = "api_e0016"
down_revision = "api_e0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ec2_client_tokens",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("project_id", text(255), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("token", text(64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("answer", text(255), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("project_id", "action", "token", name="uq_ec2_client_tokens"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
    op.create_index(
        "ix_ec2_client_tokens_age",
        "ec2_client_tokens",
        ["created_at"],
        unique=False,
        if_not_exists=True,
    )
