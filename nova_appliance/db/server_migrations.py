# SPDX-License-Identifier: Apache-2.0
"""Queries of migrations, in a cell's database. A status changes by compare-and-set only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

import msgspec
import sqlalchemy as sa

from nova_appliance.common import clock
from nova_appliance.db.tables.cell import MIGRATIONS
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.migration import ENDED, LIVE, LIVE_UNDER_WAY, Amount, Migration

_C = MIGRATIONS.c
_JSON: dict[str, Any] = {
    "old_flavor": Flavor,
    "new_flavor": Flavor,
    "memory": Amount,
    "disk": Amount,
    "facts": dict[str, Any],
}
_FIELDS = tuple(name for name in Migration.__struct_fields__ if name != "cell_id")
_COLUMNS = tuple(_C[name] for name in _FIELDS)


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which migrations to list, newest first. None means: whatever."""

    server_id: str | None = None
    host: str | None = None
    """Source or target."""
    source_host: str | None = None
    status: str | None = None
    kind: str | None = None
    project_id: str | None = None
    user_id: str | None = None
    changed_since: dt.datetime | None = None
    changed_before: dt.datetime | None = None
    behind: tuple[dt.datetime, int] | None = None
    """Time of creation and number of the last one of the page before."""
    limit: int | None = None


def add(conn: sa.Connection, migration: Migration) -> None:
    """Store a new migration."""
    values = {name: getattr(migration, name) for name in _FIELDS if name != "row"}
    conn.execute(sa.insert(MIGRATIONS).values(_encoded(values)))


def get(conn: sa.Connection, cell_id: str, migration_id: str | int) -> Migration | None:
    """The migration of that id (text) or number."""
    column = _C.row if isinstance(migration_id, int) else _C.id
    row = conn.execute(sa.select(*_COLUMNS).where(column == migration_id)).mappings().first()
    return _read(row, cell_id) if row else None


def list_(conn: sa.Connection, cell_id: str, query: Query) -> tuple[Migration, ...]:
    """Migrations of this cell that match, newest first."""
    select = sa.select(*_COLUMNS).where(*_conditions(query))
    rows = conn.execute(select.order_by(_C.created_at.desc(), _C.row.desc()).limit(query.limit))
    return tuple(_read(row, cell_id) for row in rows.mappings())


def under_way(conn: sa.Connection, cell_id: str, server_id: str) -> tuple[Migration, ...]:
    """Live migrations of the server that go on, oldest first."""
    where = (_C.server_id == server_id, _C.kind == LIVE, _C.status.in_(LIVE_UNDER_WAY))
    rows = conn.execute(sa.select(*_COLUMNS).where(*where).order_by(_C.row)).mappings()
    return tuple(_read(row, cell_id) for row in rows)


def open_among(
    conn: sa.Connection, cell_id: str, server_ids: Collection[str]
) -> tuple[Migration, ...]:
    """Migrations of these servers that have not ended; a resize waits for its confirmation."""
    where = (_C.server_id.in_(server_ids), _C.status.not_in(ENDED))
    rows = conn.execute(sa.select(*_COLUMNS).where(*where).order_by(_C.row)).mappings()
    return tuple(_read(row, cell_id) for row in rows)


def latest(
    conn: sa.Connection, cell_id: str, server_id: str, statuses: Collection[str]
) -> Migration | None:
    """The newest migration of the server with one of these statuses."""
    where = (_C.server_id == server_id, _C.status.in_(statuses))
    row = conn.execute(sa.select(*_COLUMNS).where(*where).order_by(_C.row.desc())).mappings()
    found = row.first()
    return _read(found, cell_id) if found else None


def waiting_since(
    conn: sa.Connection, cell_id: str, status: str, before: dt.datetime, limit: int
) -> tuple[Migration, ...]:
    """Migrations that have had this status since before that time, oldest first."""
    where = (_C.status == status, _C.updated_at < before)
    rows = conn.execute(sa.select(*_COLUMNS).where(*where).order_by(_C.row).limit(limit))
    return tuple(_read(row, cell_id) for row in rows.mappings())


def left_by(
    conn: sa.Connection, cell_id: str, host: str, kind: str, status: str
) -> tuple[Migration, ...]:
    """Migrations of that kind and status away from a host."""
    where = (_C.source_host == host, _C.kind == kind, _C.status == status)
    rows = conn.execute(sa.select(*_COLUMNS).where(*where).order_by(_C.row)).mappings()
    return tuple(_read(row, cell_id) for row in rows)


def turn(
    conn: sa.Connection, migration_id: str, expected: Collection[str], status: str, **fields: Any
) -> bool:
    """Set the status if it is one of those expected; False if it is not."""
    where = (_C.id == migration_id, _C.status.in_(expected))
    return _update(conn, where, {"status": status, **fields})


def change(conn: sa.Connection, migration_id: str, **fields: Any) -> bool:
    """Set fields other than the status of a migration that has not ended."""
    if "status" in fields:
        raise ValueError("A status changes by turn only.")
    return _update(conn, (_C.id == migration_id, _C.status.not_in(ENDED)), fields)


def end_all(conn: sa.Connection, server_id: str, status: str) -> int:
    """End all migrations of a server that have not ended; how many."""
    where = (_C.server_id == server_id, _C.status.not_in(ENDED))
    values = {"status": status, "updated_at": clock.SYSTEM.now()}
    return int(conn.execute(sa.update(MIGRATIONS).where(*where).values(values)).rowcount)


def _update(
    conn: sa.Connection, where: tuple[sa.ColumnElement[bool], ...], fields: dict[str, Any]
) -> bool:
    values = _encoded(fields) | {"updated_at": clock.SYSTEM.now()}
    return bool(conn.execute(sa.update(MIGRATIONS).where(*where).values(values)).rowcount)


def _conditions(query: Query) -> list[sa.ColumnElement[bool]]:
    same = ("server_id", "source_host", "status", "kind", "project_id", "user_id")
    asked = {name: getattr(query, name) for name in same}
    where = [_C[name] == value for name, value in asked.items() if value is not None]
    if query.host is not None:
        where.append(sa.or_(_C.source_host == query.host, _C.target_host == query.host))
    changed = sa.func.coalesce(_C.updated_at, _C.created_at)
    if query.changed_since is not None:
        where.append(changed >= query.changed_since)
    if query.changed_before is not None:
        where.append(changed <= query.changed_before)
    if query.behind is not None:
        created_at, row = query.behind
        same_time = sa.and_(_C.created_at == created_at, _C.row < row)
        where.append(sa.or_(_C.created_at < created_at, same_time))
    return where


def _read(row: sa.RowMapping, cell_id: str) -> Migration:
    values = {name: row[name] for name in _FIELDS}
    for name, kind in _JSON.items():
        values[name] = msgspec.json.decode(values[name], type=kind)
    return Migration(cell_id=cell_id, **values)


def _encoded(fields: dict[str, Any]) -> dict[str, Any]:
    nested = {name: fields[name] for name in fields.keys() & _JSON.keys()}
    return fields | {name: msgspec.json.encode(value).decode() for name, value in nested.items()}
