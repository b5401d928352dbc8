# SPDX-License-Identifier: Apache-2.0
"""Create the table ec2_documents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, JSON_TEXT, UTC_TIME, UUID_TEXT, text

revision = "api_e0020"
down_revision = "api_e0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ec2_documents",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("id", UUID_TEXT, nullable=False),
        sa.Column("project_id", text(255), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("body", JSON_TEXT, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("project_id", "kind", "name", name="uq_ec2_documents"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
