# SPDX-License-Identifier: Apache-2.0
"""Create the table certificates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, UTC_TIME, text

revision = "api_e0019"
down_revision = "api_e0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "certificates",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("serial", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("project_id", text(255), nullable=True),
        sa.Column("user_id", text(255), nullable=True),
        sa.Column("not_before", UTC_TIME, nullable=False),
        sa.Column("not_after", UTC_TIME, nullable=False),
        sa.Column("revoked_at", UTC_TIME, nullable=True),
        sa.Column("reason", sa.String(32), nullable=True),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("serial"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
    op.create_index(
        "ix_certificates_project", "certificates", ["project_id", "user_id"], if_not_exists=True
    )
    op.create_index("ix_certificates_end", "certificates", ["not_after"], if_not_exists=True)
