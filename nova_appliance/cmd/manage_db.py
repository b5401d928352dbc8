# SPDX-License-Identifier: Apache-2.0
"""nova-manage db: expand, contract and show the schemas of nova_api, cell0 and the cells."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from oslo_config import cfg

from nova_appliance.cmd.manage_command import Command, Outcome
from nova_appliance.common import errors
from nova_appliance.db import cell_mappings, schema
from nova_appliance.db.cells import Cells
from nova_appliance.db.engines import Database, Databases

_LOCAL = {"--local-cell": {"action": "store_true", "help": "only this host's [database]"}}


def expand(conf: cfg.ConfigOpts, cells: Cells, given: argparse.Namespace) -> Outcome:
    """Add what the new release needs: nova_api first, then every mapped cell."""
    changed = False
    if not given.local_cell:
        changed = schema.bring_forward(cells.api, "api", "expand")
    for database in _cell_databases(conf, cells, local=given.local_cell):
        changed = schema.bring_forward(database, "cell", "expand") or changed
    return changed


def contract(conf: cfg.ConfigOpts, cells: Cells, given: argparse.Namespace) -> Outcome:
    """Remove what only older releases needed. Raises Refused before expand has run."""
    targets = [("cell", d) for d in _cell_databases(conf, cells, local=given.local_cell)]
    if not given.local_cell:
        targets.insert(0, ("api", cells.api))
    for tree, database in targets:
        if not schema.is_at_head(database, tree, "expand"):
            raise errors.Refused(f"Run `nova-manage db expand` first: {tree} is behind.")
    changed = False
    for tree, database in targets:
        changed = schema.bring_forward(database, tree, "contract") or changed
    return changed


def version(conf: cfg.ConfigOpts, cells: Cells, _given: argparse.Namespace) -> Outcome:
    """The revisions that stand in each database, beside the newest ones."""
    targets = [("nova_api", "api", cells.api)]
    targets += [("cell", "cell", d) for d in _cell_databases(conf, cells, local=False)]
    return [
        {
            "database": f"{name} {database.engine.url.database}",
            "stands": ", ".join(sorted(schema.revisions(database, tree))) or "empty",
            "newest": ", ".join(schema.head(tree, branch) for branch in schema.BRANCHES),
        }
        for name, tree, database in targets
    ]


def _cell_databases(conf: cfg.ConfigOpts, cells: Cells, *, local: bool) -> Iterator[Database]:
    """[database] of this host, cell0 beside it, and whatever is mapped; each once."""
    urls = [conf.database.connection] if conf.database.connection else []
    if not local and schema.revisions(cells.api, "api"):
        with cells.api.read() as connection:
            urls += [cell.database_connection for cell in cell_mappings.list_(connection)]
    engines = Databases(cells.api.url)
    return (engines.at(url) for url in dict.fromkeys(urls))


COMMANDS = (
    Command("db", "expand", "add what this release needs", expand, _LOCAL),
    Command("db", "contract", "remove what older releases needed", contract, _LOCAL),
    Command("db", "version", "show the revisions", version),
)
