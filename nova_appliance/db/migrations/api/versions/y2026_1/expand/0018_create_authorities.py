# SPDX-License-Identifier: Apache-2.0
"""Create the table authorities."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, JSON_TEXT, UTC_TIME, text

revision = "api_e0018"
down_revision = "api_e0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "authorities",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("project_id", text(255), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("sealed_key", sa.Text(), nullable=False),
        sa.Column("revocation_list", JSON_TEXT, nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("updated_at", UTC_TIME, nullable=True),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("project_id"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
