# SPDX-License-Identifier: Apache-2.0
"""Writes the cells of a deployment: the rows behind `nova-manage cell_v2`."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from oslo_db import exception as db_errors

from nova_appliance.common import errors, ids
from nova_appliance.db.cells import CELL0, Cell
from nova_appliance.db.tables.api import CELLS, HOSTS, SERVER_MAPPINGS

COLUMNS = tuple(CELLS.c[name] for name in Cell.__struct_fields__)


def list_(connection: sa.Connection) -> tuple[Cell, ...]:
    """Every cell, oldest first."""
    rows = connection.execute(sa.select(*COLUMNS).order_by(CELLS.c.row)).mappings()
    return tuple(Cell(**row) for row in rows)


def map_cell(connection: sa.Connection, cell: Cell, now: dt.datetime) -> bool:
    """Make the cell's row say what `cell` says; returns whether anything changed.

    Raises Conflict when another cell has its name.
    """
    values = {name: getattr(cell, name) for name in Cell.__struct_fields__}
    old = connection.execute(sa.select(*COLUMNS).where(CELLS.c.id == cell.id)).mappings().first()
    if old is not None and dict(old) == values:
        return False
    try:
        if old is None:
            connection.execute(CELLS.insert().values(**values, created_at=now))
        else:
            change = CELLS.update().where(CELLS.c.id == cell.id)
            connection.execute(change.values(**values, updated_at=now))
    except db_errors.DBDuplicateEntry as error:
        raise errors.Conflict(f"Another cell has the name {cell.name}.") from error
    return True


def map_cell0(connection: sa.Connection, database_connection: str, now: dt.datetime) -> bool:
    """Map cell0, which has no message queue; returns whether anything changed."""
    cell0 = Cell(
        id=CELL0, name="cell0", transport_url="none:/", database_connection=database_connection
    )
    return map_cell(connection, cell0, now)


def new_cell(name: str, transport_url: str, database_connection: str) -> Cell:
    """A cell with a new id, not yet mapped."""
    return Cell(
        id=ids.new_id(),
        name=name,
        transport_url=transport_url,
        database_connection=database_connection,
    )


def remove(connection: sa.Connection, cell_id: str) -> None:
    """Forget a cell. Raises NotFound, or Conflict while it has servers or hosts."""
    for table, what in ((SERVER_MAPPINGS, "servers"), (HOSTS, "hosts")):
        count = sa.select(sa.func.count()).select_from(table).where(table.c.cell_id == cell_id)
        if found := connection.execute(count).scalar():
            raise errors.Conflict(f"Cell {cell_id} still has {found} {what}.")
    if not connection.execute(CELLS.delete().where(CELLS.c.id == cell_id)).rowcount:
        raise errors.NotFound(f"There is no cell {cell_id}.")
