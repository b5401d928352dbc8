# SPDX-License-Identifier: Apache-2.0
"""nova-manage cell_v2: which cells there are. Verbs and options as operators of Nova know them."""

from __future__ import annotations

import argparse

import msgspec
import sqlalchemy as sa
from oslo_config import cfg

from nova_appliance.cmd.manage_command import Command, Outcome
from nova_appliance.common import clock, errors
from nova_appliance.db import cell_mappings
from nova_appliance.db.cells import Cell, Cells
from nova_appliance.rpc.transport import default_url


def map_cell0(conf: cfg.ConfigOpts, cells: Cells, given: argparse.Namespace) -> Outcome:
    """Map cell0; its database is beside [database] with `_cell0` added when none is given."""
    url = given.database_connection or _beside(_database(conf, None))
    now = clock.SYSTEM.now()
    return cells.api.transact(lambda c: cell_mappings.map_cell0(c, url, now))


def create_cell(conf: cfg.ConfigOpts, cells: Cells, given: argparse.Namespace) -> Outcome:
    """Map a cell under a name; a cell of that name gets the new addresses."""
    transport = given.transport_url or default_url(conf)
    database = _database(conf, given.database_connection)
    now = clock.SYSTEM.now()

    def work(connection: sa.Connection) -> bool:
        known = {cell.name: cell for cell in cell_mappings.list_(connection)}
        new = cell_mappings.new_cell(given.name, transport, database)
        if given.name in known:
            new = msgspec.structs.replace(new, id=known[given.name].id)
        return cell_mappings.map_cell(connection, new, now)

    return cells.api.transact(work)


def simple_cell_setup(conf: cfg.ConfigOpts, cells: Cells, given: argparse.Namespace) -> Outcome:
    """cell0 and cell1 as nova.conf says."""
    given.database_connection, given.name = None, "cell1"
    changed = map_cell0(conf, cells, given)
    return bool(create_cell(conf, cells, given)) or bool(changed)


def list_cells(_conf: cfg.ConfigOpts, cells: Cells, given: argparse.Namespace) -> Outcome:
    """Every cell, passwords hidden unless --verbose."""
    with cells.api.read() as connection:
        found = cell_mappings.list_(connection)
    return [_shown(cell, verbose=given.verbose) for cell in found]


def update_cell(_conf: cfg.ConfigOpts, cells: Cells, given: argparse.Namespace) -> Outcome:
    """Change a cell's name or addresses, or switch it off for new servers."""
    names = ("name", "transport_url", "database_connection", "disabled")
    changes = {n: getattr(given, n) for n in names if getattr(given, n) is not None}
    now = clock.SYSTEM.now()

    def work(connection: sa.Connection) -> bool:
        for cell in cell_mappings.list_(connection):
            if cell.id == given.cell_uuid:
                new = msgspec.structs.replace(cell, **changes)
                return cell_mappings.map_cell(connection, new, now)
        raise errors.NotFound(f"There is no cell {given.cell_uuid}.")

    return cells.api.transact(work)


def delete_cell(_conf: cfg.ConfigOpts, cells: Cells, given: argparse.Namespace) -> Outcome:
    """Forget a cell that has neither servers nor hosts."""
    cells.api.transact(lambda c: cell_mappings.remove(c, given.cell_uuid))
    return True


def _database(conf: cfg.ConfigOpts, given: str | None) -> str:
    if url := given or conf.database.connection:
        return str(url)
    raise errors.Invalid("Give --database_connection, or set [database] connection in nova.conf.")


def _beside(url: str) -> str:
    parsed = sa.make_url(url)
    name, dot, ending = (parsed.database or "").rpartition(".")
    beside = f"{name}_cell0.{ending}" if dot else f"{ending}_cell0"
    return parsed.set(database=beside).render_as_string(hide_password=False)


def _shown(cell: Cell, *, verbose: bool) -> dict[str, object]:
    hide = not verbose
    return {
        "name": cell.name,
        "uuid": cell.id,
        "transport url": _hidden(cell.transport_url) if hide else cell.transport_url,
        "database connection": sa.make_url(cell.database_connection).render_as_string(
            hide_password=hide
        ),
        "disabled": cell.disabled,
    }


def _hidden(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}****@{rest.rpartition('@')[2]}" if "@" in rest else url


_DATABASE = {"--database_connection": {"help": "SQLAlchemy URL"}}
_TRANSPORT = {"--transport-url": {"help": "oslo.messaging URL"}}
_UUID = {"--cell_uuid": {"required": True, "help": "id of the cell"}}
_ON_OFF = {
    "--enable": {"dest": "disabled", "action": "store_false", "default": None},
    "--disable": {"dest": "disabled", "action": "store_true", "default": None},
}
COMMANDS = (
    Command("cell_v2", "map_cell0", "map the cell of unplaced servers", map_cell0, _DATABASE),
    Command(
        "cell_v2",
        "create_cell",
        "map a cell",
        create_cell,
        {"--name": {"default": "cell1", "help": "its name"}, **_TRANSPORT, **_DATABASE},
    ),
    Command("cell_v2", "simple_cell_setup", "cell0 and cell1", simple_cell_setup, _TRANSPORT),
    Command(
        "cell_v2",
        "list_cells",
        "show the cells",
        list_cells,
        {"--verbose": {"action": "store_true", "help": "with passwords"}},
    ),
    Command(
        "cell_v2",
        "update_cell",
        "change a cell",
        update_cell,
        {**_UUID, "--name": {"help": "new name"}, **_TRANSPORT, **_DATABASE, **_ON_OFF},
    ),
    Command("cell_v2", "delete_cell", "forget an empty cell", delete_cell, _UUID),
)
