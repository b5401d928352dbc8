# SPDX-License-Identifier: Apache-2.0
"""The read path of servers: one SELECT per cell for a page, two SELECTs for one server.

Cell0 is read first: a server is copied from there before it is erased there, so none is missed.
"""

from __future__ import annotations

import datetime as dt
import functools
import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import sqlalchemy as sa

from nova_appliance.common import errors
from nova_appliance.db import server_arrays, server_query
from nova_appliance.db.cells import CELL0, Cells
from nova_appliance.db.server_query import ServerQuery
from nova_appliance.db.tables.api import SERVER_MAPPINGS
from nova_appliance.db.tables.cell import SERVERS
from nova_appliance.domain.server import Server

LOG = logging.getLogger(__name__)
_BAD_PATTERN = 1139
"""MariaDB's number for a regular expression that Python knows and PCRE does not."""


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """What nova_api alone knows of a server: all there is while its cell is down."""

    server_id: str
    cell_id: str
    project_id: str
    user_id: str
    created_at: dt.datetime
    group_id: str | None = None


_COLUMNS = tuple(SERVER_MAPPINGS.c[name] for name in Mapping.__struct_fields__)
_MAPPING = sa.select(*_COLUMNS).where(SERVER_MAPPINGS.c.server_id == sa.bindparam("wanted"))


class Page(msgspec.Struct, frozen=True):
    """Servers in order; `down` are the cells that did not answer."""

    servers: tuple[Server, ...]
    down: tuple[str, ...] = ()


def page(cells: Cells, query: ServerQuery) -> Page:
    """The servers of all cells that a query asks for.

    Raises NotFound for an unknown marker, Unavailable when no database answers at all.
    """
    after = _marker_values(cells, query)
    if query.ids is not None and not query.ids:
        return Page(())
    parts: list[list[Server]] = []
    down: list[str] = []
    for cell_id, servers in _ask_cells(cells, query, after):
        if servers is None:
            down.append(cell_id)
        elif servers:
            parts.append(servers)
    if len(down) == len(cells.all_()):
        mapping(cells, "")  # an empty list would be a lie if nova_api does not answer either
    return Page(tuple(_merge(cells, parts, query)[: query.limit]), tuple(down))


def one(
    cells: Cells, server_id: str, project_id: str | None = None, *, deleted: bool = False
) -> Server | None:
    """The server of that id, of any project or of that one; also a deleted one if asked.

    Raises Unavailable when its cell does not answer.
    """
    for _again in range(2):
        where = mapping(cells, server_id)
        if where is None:
            break
        server = _in_cell(cells, where.cell_id, server_id, deleted=False)
        if server:
            return server if project_id in (None, server.project_id) else None
    return _deleted_one(cells, server_id, project_id) if deleted else None


def mapping(cells: Cells, server_id: str) -> Mapping | None:
    """Where nova_api says that a server is."""
    with cells.api.look() as connection:
        row = connection.execute(_MAPPING, {"wanted": server_id}).mappings().first()
    return Mapping(**row) if row else None


def mappings_in(
    cells: Cells, cell_ids: Sequence[str], project_id: str | None, limit: int | None
) -> tuple[Mapping, ...]:
    """The servers that nova_api knows in cells that do not answer, newest first."""
    where: list[sa.ColumnElement[bool]] = [SERVER_MAPPINGS.c.cell_id.in_(cell_ids)]
    if project_id is not None:
        where.append(SERVER_MAPPINGS.c.project_id == project_id)
    return _mappings(cells, *where, limit=limit)


def _marker_values(cells: Cells, query: ServerQuery) -> tuple[Any, ...] | None:
    if query.marker is None:
        return None
    columns = [server_query.SORTED_BY[sort.key] for sort in query.sort]
    for cell in cells.all_():
        select = sa.select(*columns).where(SERVERS.c.id == query.marker)
        try:
            with cells.database(cell.id).look() as connection:
                row = connection.execute(select).first()
        except errors.Unavailable:
            continue
        if row is not None:
            return tuple(row)
    raise errors.NotFound(f"marker [{query.marker}] not found")


Answered = tuple[str, list[Server] | None]


def _ask_cells(
    cells: Cells, query: ServerQuery, after: tuple[Any, ...] | None
) -> Iterable[Answered]:
    """Each cell's part of the page, None from one that is down; cell0 first, the rest at once."""

    def ask(cell_id: str) -> Answered:
        try:
            return cell_id, _select(cells, cell_id, query, after)
        except errors.Unavailable:
            LOG.warning("cell %s does not answer a list", cell_id)
            return cell_id, None

    others = [cell.id for cell in cells.all_() if cell.id != CELL0]
    first = [ask(CELL0)] if len(others) < len(cells.all_()) else []
    if len(others) < 2:
        return [*first, *map(ask, others)]
    with ThreadPoolExecutor(len(others)) as pool:
        return [*first, *pool.map(ask, others)]


def _select(
    cells: Cells, cell_id: str, query: ServerQuery, after: tuple[Any, ...] | None
) -> list[Server]:
    database = cells.database(cell_id)
    column = server_arrays.array_of(cell_id, database.engine.dialect.name)
    select = sa.select(column).select_from(SERVERS).where(*server_query.conditions(query))
    if after is not None:
        select = select.where(server_query.behind(query.sort, after))
    select = select.order_by(*server_query.order(query)).limit(query.limit)
    try:
        with database.look() as connection:
            return server_arrays.decode(connection.execute(select).scalars())
    except sa.exc.OperationalError as error:
        if error.orig is None or error.orig.args[0] != _BAD_PATTERN:
            raise
        raise errors.Invalid("A regular expression of the query is not valid.") from error


def _merge(cells: Cells, parts: list[list[Server]], query: ServerQuery) -> list[Server]:
    """One list in order; what a single cell has needs nothing done."""
    if len(parts) < 2:
        return parts[0] if parts else []
    found = _without_doubles(cells, [server for part in parts for server in part])
    _sort(found, query)
    return found


def _without_doubles(cells: Cells, servers: list[Server]) -> list[Server]:
    """A server that is just being placed stands in two cells: the mapping says which one counts."""
    seen: dict[str, set[str]] = {}
    for server in servers:
        seen.setdefault(server.id, set()).add(server.cell_id)
    if len(seen) == len(servers):
        return servers
    doubled = [server_id for server_id, where in seen.items() if len(where) > 1]
    right = {
        row.server_id: row.cell_id
        for row in _mappings(cells, SERVER_MAPPINGS.c.server_id.in_(doubled))
    }
    return [
        server
        for server in servers
        if len(seen[server.id]) == 1 or right.get(server.id) == server.cell_id
    ]


def _sort(servers: list[Server], query: ServerQuery) -> None:
    """Merge the cells' pages: stable sorts from the last key to the first."""
    for sort in reversed(query.sort):
        read = _READ.get(sort.key, sort.key)
        servers.sort(
            key=lambda server: _null_first(
                read(server) if callable(read) else getattr(server, read)
            ),
            reverse=sort.descending,
        )


_READ: dict[str, Any] = {
    "flavor_id": lambda server: server.flavor.id,
    "image_id": lambda server: server.image.id if server.image else None,
    "locked": lambda server: int(server.locked_by is not None),
    "kernel_id": lambda server: _property(server, "kernel_id"),
    "ramdisk_id": lambda server: _property(server, "ramdisk_id"),
}
"""Sort keys that are no attribute of a Server."""


def _property(server: Server, name: str) -> str:
    return server.image.properties.get(name, "") if server.image else ""


def _null_first(value: Any) -> tuple[bool, Any]:
    return (value is not None, value)


def _in_cell(cells: Cells, cell_id: str, server_id: str, *, deleted: bool) -> Server | None:
    database = cells.database(cell_id)
    select = _select_one(cell_id, database.engine.dialect.name, deleted=deleted)
    with database.look() as connection:
        found = server_arrays.decode(connection.execute(select, {"wanted": server_id}).scalars())
    return found[0] if found else None


@functools.cache
def _select_one(cell_id: str, dialect: str, *, deleted: bool) -> sa.Select[Any]:
    """Made once: to build a statement takes longer than to run it."""
    column = server_arrays.array_of(cell_id, dialect)
    alive = SERVERS.c.deleted > 0 if deleted else SERVERS.c.deleted == 0
    return (
        sa.select(column).select_from(SERVERS).where(SERVERS.c.id == sa.bindparam("wanted"), alive)
    )


def _deleted_one(cells: Cells, server_id: str, project_id: str | None) -> Server | None:
    for cell in reversed(cells.all_()):
        server = _in_cell(cells, cell.id, server_id, deleted=True)
        if server and project_id in (None, server.project_id):
            return server
    return None


def _mappings(
    cells: Cells, *where: sa.ColumnElement[bool], limit: int | None = None
) -> tuple[Mapping, ...]:
    newest = (SERVER_MAPPINGS.c.created_at.desc(), SERVER_MAPPINGS.c.server_id.desc())
    select = sa.select(*_COLUMNS).where(*where).order_by(*newest).limit(limit)
    with cells.api.look() as connection:
        return tuple(Mapping(**row) for row in connection.execute(select).mappings())
