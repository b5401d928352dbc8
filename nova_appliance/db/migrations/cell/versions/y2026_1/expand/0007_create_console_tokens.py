# SPDX-License-Identifier: Apache-2.0
"""Create the table console_tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, UTC_TIME, UUID_TEXT, text

revision = "cell_e0007"
down_revision = "cell_e0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "console_tokens",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("token_hash", text(64), nullable=False),
        sa.Column("server_id", UUID_TEXT, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("host", text(255), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("tls_port", sa.Integer(), nullable=True),
        sa.Column("access_path", text(255), nullable=True),
        sa.Column("access_url", text(255), nullable=False),
        sa.Column("compute_host", text(255), nullable=False),
        sa.Column("expires_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("token_hash"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
    for column in ("expires_at", "server_id"):
        op.create_index(
            op.f(f"ix_console_tokens_{column}"),
            "console_tokens",
            [column],
            unique=False,
            if_not_exists=True,
        )
