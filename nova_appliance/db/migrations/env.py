# SPDX-License-Identifier: Apache-2.0
"""Called by alembic for each run: uses the connection that db/schema.py hands over."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    transaction_per_migration=True,
    **context.config.attributes["options"],
)
with context.begin_transaction():
    context.run_migrations()
