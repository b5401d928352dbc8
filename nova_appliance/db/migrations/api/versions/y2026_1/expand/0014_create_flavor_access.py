# SPDX-License-Identifier: Apache-2.0
"""Create the table flavor_access."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, UTC_TIME, text

revision = "api_e0014"
down_revision = "api_e0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "flavor_access",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("flavor_row", BIG_ID, nullable=True),
        sa.Column("project_id", text(255), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(["flavor_row"], ["flavors.row"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("flavor_row", "project_id", name="uq_flavor_access"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
