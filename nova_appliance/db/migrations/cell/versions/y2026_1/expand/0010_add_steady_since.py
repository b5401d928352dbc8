# SPDX-License-Identifier: Apache-2.0
"""Let the table services remember since when a daemon has reported itself without a gap."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nova_appliance.db.tables.columns import UTC_TIME

revision = "cell_e0010"
down_revision = "cell_e0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    bind = op.get_bind()
    is_there = bind is not None and any(
        column["name"] == "steady_since" for column in sa.inspect(bind).get_columns("services")
    )
    if not is_there:
        op.add_column("services", sa.Column("steady_since", UTC_TIME, nullable=True))
