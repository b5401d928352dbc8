# SPDX-License-Identifier: Apache-2.0
"""Create the table project_locks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, text

revision = "api_e0007"
down_revision = "api_e0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "project_locks",
        sa.Column("project_id", text(255), nullable=False),
        sa.Column("turn", BIG_ID, nullable=False),
        sa.PrimaryKeyConstraint("project_id"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
