# SPDX-License-Identifier: Apache-2.0
"""Create the table ec2_tags."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import BIG_ID, text

revision = "api_e0017"
down_revision = "api_e0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ec2_tags",
        sa.Column("row", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("project_id", text(255), nullable=False),
        sa.Column("ec2_id", text(32), nullable=False),
        sa.Column("key", text(128), nullable=False),
        sa.Column("value", text(256), nullable=False),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("project_id", "ec2_id", "key", name="uq_ec2_tags"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
