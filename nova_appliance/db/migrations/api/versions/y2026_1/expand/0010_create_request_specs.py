# SPDX-License-Identifier: Apache-2.0
"""Create the table request_specs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import JSON_TEXT, UTC_TIME, UUID_TEXT

revision = "api_e0010"
down_revision = "api_e0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "request_specs",
        sa.Column("server_id", UUID_TEXT, nullable=False),
        sa.Column("spec", JSON_TEXT, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("updated_at", UTC_TIME, nullable=True),
        sa.PrimaryKeyConstraint("server_id"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        if_not_exists=True,
    )
