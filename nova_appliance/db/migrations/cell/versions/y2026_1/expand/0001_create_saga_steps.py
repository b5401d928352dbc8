# SPDX-License-Identifier: Apache-2.0
"""Create the table saga_steps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, JSON_TEXT, UTC_TIME, UUID_TEXT

revision = "cell_e0001"
down_revision = None
branch_labels = ("expand",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saga_steps",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("saga_id", UUID_TEXT, nullable=False),
        sa.Column("name", sa.String(length=48), nullable=False),
        sa.Column("result", JSON_TEXT, nullable=False),
        sa.Column("finished_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("saga_id", "name", name="uq_saga_steps"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
