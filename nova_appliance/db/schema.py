# SPDX-License-Identifier: Apache-2.0
"""Brings a database's schema forward: alembic trees `api` and `cell`, branches expand and contract.

Expand only adds, so old code runs on it; contract only removes, by hand, when no old code is left.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from nova_appliance.db.engines import Database

TREES = ("api", "cell")
BRANCHES = ("expand", "contract")
_HERE = Path(__file__).parent / "migrations"


def bring_forward(database: Database, tree: str, branch: str) -> bool:
    """Run what is missing of `branch`; returns whether anything was. Safe to run again."""
    before = revisions(database, tree)
    with database.engine.begin() as connection:
        if not database.is_sqlite:
            # A revision that must wait for a lock or takes long is broken off, not the service.
            connection.execute(sa.text("SET SESSION lock_wait_timeout=4, max_statement_time=5"))
        command.upgrade(_config(tree, connection), f"{branch}@head")
    return revisions(database, tree) != before


def revisions(database: Database, tree: str) -> frozenset[str]:
    """Revisions that stand in the database, none when it is empty."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=_options(tree))
        return frozenset(context.get_current_heads())


def head(tree: str, branch: str) -> str:
    """The newest revision of a branch."""
    return str(scripts(tree).get_revision(f"{branch}@head").revision)


def is_at_head(database: Database, tree: str, branch: str) -> bool:
    """Whether nothing is missing of `branch`."""
    heads = revisions(database, tree)
    script = scripts(tree)
    standing = {r.revision for h in heads for r in script.iterate_revisions(h, "base")}
    return head(tree, branch) in standing


def scripts(tree: str) -> ScriptDirectory:
    """The revisions of a tree as alembic reads them."""
    return ScriptDirectory.from_config(_config(tree, None))


def _config(tree: str, connection: sa.Connection | None) -> Config:
    folder = _HERE / tree
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("version_path_separator", "os")
    config.set_main_option("recursive_version_locations", "true")
    config.set_main_option("version_locations", str(folder / "versions"))
    config.attributes.update(connection=connection, options=_options(tree))
    return config


def _options(tree: str) -> dict[str, str]:
    return {"version_table": f"alembic_version_{tree}"}
