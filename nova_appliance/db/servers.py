# SPDX-License-Identifier: Apache-2.0
"""Queries of servers in a cell's database: found, added, moved by compare-and-set, erased."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from nova_appliance.common import clock
from nova_appliance.db import console_tokens, server_rows
from nova_appliance.db.tables.cell import SERVERS
from nova_appliance.domain.move import Move
from nova_appliance.domain.server import Fault, Server
from nova_appliance.domain.states import MOVES

_C = SERVERS.c


def add(conn: sa.Connection, servers: Sequence[Server]) -> None:
    """Store new servers in one statement; ids that are there already raise."""
    conn.execute(sa.insert(SERVERS), [server_rows.new_row(server) for server in servers])


def get(
    conn: sa.Connection, cell_id: str, server_id: str, *, deleted: bool = False
) -> Server | None:
    """The living server of that id; with `deleted`, one that was deleted too."""
    select = sa.select(*server_rows.COLUMNS).where(_C.id == server_id)
    if not deleted:
        select = select.where(_C.deleted == 0)
    row = conn.execute(select).first()
    return server_rows.read(row, cell_id) if row else None


def some(conn: sa.Connection, cell_id: str, server_ids: Collection[str]) -> dict[str, Server]:
    """The living servers among these, by id."""
    select = sa.select(*server_rows.COLUMNS).where(_C.id.in_(server_ids), _C.deleted == 0)
    read = (server_rows.read(row, cell_id) for row in conn.execute(select))
    return {server.id: server for server in read}


def on_host(conn: sa.Connection, cell_id: str, host: str) -> tuple[Server, ...]:
    """The living servers of a host, oldest first."""
    select = sa.select(*server_rows.COLUMNS).where(_C.host == host, _C.deleted == 0)
    rows = conn.execute(select.order_by(_C.row))
    return tuple(server_rows.read(row, cell_id) for row in rows)


def deleted_among(conn: sa.Connection, server_ids: Collection[str]) -> tuple[str, ...]:
    """Those of the ids whose servers were deleted here."""
    if not server_ids:
        return ()
    select = sa.select(_C.id).where(_C.id.in_(server_ids), _C.deleted != 0)
    return tuple(conn.execute(select).scalars())


def some_at_rest(conn: sa.Connection, cell_id: str, start: str, limit: int) -> tuple[Server, ...]:
    """Servers on hosts without a task, `limit` at most, in a circle of ids that begins at `start`."""
    found: list[Server] = []
    for half in (_C.id >= start, _C.id < start):
        where = (_C.deleted == 0, _C.task.is_(None), _C.host.is_not(None), half)
        select = sa.select(*server_rows.COLUMNS).where(*where).order_by(_C.id)
        rows = conn.execute(select.limit(limit - len(found)))
        found += [server_rows.read(row, cell_id) for row in rows]
    return tuple(found)


def soft_deleted(
    conn: sa.Connection, cell_id: str, before: dt.datetime, limit: int
) -> tuple[Server, ...]:
    """The servers at rest that were deleted softly before that time, oldest first."""
    select = sa.select(*server_rows.COLUMNS).where(
        _C.state == "soft-delete", _C.deleted == 0, _C.task.is_(None), _C.deleted_at < before
    )
    rows = conn.execute(select.order_by(_C.deleted_at).limit(limit))
    return tuple(server_rows.read(row, cell_id) for row in rows)


def resting_in(conn: sa.Connection, cell_id: str, state: str, limit: int) -> tuple[Server, ...]:
    """Servers on hosts in this state without a task, those that changed longest ago first."""
    where = (_C.state == state, _C.deleted == 0, _C.task.is_(None), _C.host.is_not(None))
    select = sa.select(*server_rows.COLUMNS).where(*where).order_by(_C.updated_at).limit(limit)
    return tuple(server_rows.read(row, cell_id) for row in conn.execute(select))


def known(conn: sa.Connection, server_ids: Collection[str]) -> frozenset[str]:
    """Those of the ids that have a row here, living or deleted."""
    if not server_ids:
        return frozenset()
    select = sa.select(_C.id).where(_C.id.in_(server_ids))
    return frozenset(conn.execute(select).scalars())


def places(
    conn: sa.Connection, server_ids: Collection[str]
) -> dict[str, tuple[str | None, str | None]]:
    """Server id > its host and node, for those that live here."""
    select = sa.select(_C.id, _C.host, _C.node).where(_C.id.in_(server_ids), _C.deleted == 0)
    return {row.id: (row.host, row.node) for row in conn.execute(select)}


def in_states(
    conn: sa.Connection, server_ids: Collection[str], states: Collection[str]
) -> frozenset[str]:
    """Those of the living servers that are in one of these states."""
    where = (_C.id.in_(server_ids), _C.state.in_(states), _C.deleted == 0)
    return frozenset(conn.execute(sa.select(_C.id).where(*where)).scalars())


def lock(conn: sa.Connection, server_id: str) -> bool:
    """Let no other transaction change this server until this one ends; False if it is not here."""
    select = sa.select(_C.row).where(_C.id == server_id, _C.deleted == 0)
    return conn.execute(select.with_for_update()).first() is not None


def move(conn: sa.Connection, server_id: str, verb: str) -> bool:
    """Begin a move: set its task if the server may start it now; False if it may not."""
    row = MOVES[verb]
    where = [_C.id == server_id, _C.deleted == 0]
    if row.states is not None:
        where.append(_C.state.in_(row.states))
    if row.tasks is not None:
        where.append(_task_in(row.tasks))
    if row.launched:
        where.append(_C.launched_at.is_not(None))
    values = {"updated_at": clock.SYSTEM.now(), "task": row.during or _C.task}
    return bool(conn.execute(sa.update(SERVERS).where(*where).values(values)).rowcount)


def advance(conn: sa.Connection, server_id: str, verb: str, task: str, **fields: Any) -> bool:
    """Show how far a move has come; False if the move is not under way any more."""
    row = MOVES[verb]
    if task not in row.under_way:
        raise ValueError(f"{verb} has no task {task}.")
    return _under_way(conn, server_id, verb, {"task": task, **fields})


def settle(
    conn: sa.Connection, server_id: str, verb: str, *, end: str | None = None, **fields: Any
) -> bool:
    """End a move well: its resulting state, no task; False if it was not under way.

    `end` is another of the states that its row allows. For a move without a task of its own, it
    must be allowed now.
    """
    row = MOVES[verb]
    if end not in (None, row.then, *row.ends):
        raise ValueError(f"{verb} does not end in {end}.")
    end = end or row.then
    values = {"task": None, **fields} | ({"state": end} if end else {})
    if row.during:
        ended = _under_way(conn, server_id, verb, values)
    else:
        ended = _at_once(conn, server_id, row, values)
    if ended and end in {"stopped", "suspended"}:
        console_tokens.revoke(conn, server_id)
    return ended


def _at_once(conn: sa.Connection, server_id: str, row: Move, values: dict[str, Any]) -> bool:
    where = [_C.id == server_id, _C.deleted == 0]
    if row.states is not None:
        where.append(_C.state.in_(row.states))
    if row.tasks is not None:
        where.append(_task_in(row.tasks))
    return _update(conn, where, values)


def give_up(
    conn: sa.Connection, server_id: str, verb: str, fault: Fault | None, **fields: Any
) -> bool:
    """End a move badly: the state its row names for that (or the old one), no task, the fault."""
    row = MOVES[verb]
    values = {"task": None, **fields}
    if fault is not None:
        values["fault"] = fault
    if row.otherwise:
        values["state"] = row.otherwise
    return _under_way(conn, server_id, verb, values)


def call_off(conn: sa.Connection, server_id: str, verb: str, fault: Fault) -> bool:
    """End a move that has done nothing yet: the state stays, with no task, and the fault."""
    return _under_way(conn, server_id, verb, {"task": None, "fault": fault})


def change(conn: sa.Connection, server_id: str, **fields: Any) -> bool:
    """Set fields other than state and task; False when the server is not here."""
    if fields.keys() & {"state", "task"}:
        raise ValueError("State and task change by moves only.")
    if "host" in fields:
        console_tokens.revoke(conn, server_id)
    return _update(conn, [_C.id == server_id, _C.deleted == 0], fields)


def note_power(conn: sa.Connection, server_id: str, power: int) -> bool:
    """Set the power of a server at rest; False if it has a task."""
    where = [_C.id == server_id, _C.deleted == 0, _C.task.is_(None)]
    return _update(conn, where, {"power": power})


def reset(conn: sa.Connection, server_id: str, state: str) -> bool:
    """What os-resetState does: this state (active or error), no task."""
    return _update(conn, [_C.id == server_id, _C.deleted == 0], {"state": state, "task": None})


def erase(conn: sa.Connection, server_id: str, **fields: Any) -> bool:
    """Delete softly: the row stays for lists of deleted servers; False if it was done before."""
    now = clock.SYSTEM.now()
    console_tokens.revoke(conn, server_id)
    gone = {
        "state": "deleted",
        "task": None,
        "power": 0,
        "terminated_at": now,
        "deleted_at": now,
    }
    values = server_rows.write(gone | fields) | {"deleted": _C.row, "updated_at": now}
    where = (_C.id == server_id, _C.deleted == 0)
    return bool(conn.execute(sa.update(SERVERS).where(*where).values(values)).rowcount)


def drop(conn: sa.Connection, server_id: str) -> bool:
    """Take the row away for good: the server has one in another cell now."""
    return bool(conn.execute(sa.delete(SERVERS).where(_C.id == server_id)).rowcount)


def drop_unchanged(conn: sa.Connection, server: Server) -> bool:
    """Drop the row if it is as it was read; False if somebody wrote to it since."""
    where = (_C.id == server.id, _C.updated_at.is_not_distinct_from(server.updated_at))
    return bool(conn.execute(sa.delete(SERVERS).where(*where)).rowcount)


def _under_way(conn: sa.Connection, server_id: str, verb: str, values: dict[str, Any]) -> bool:
    where = [_C.id == server_id, _C.deleted == 0, _task_in(MOVES[verb].under_way)]
    return _update(conn, where, values)


def _update(
    conn: sa.Connection, where: Sequence[sa.ColumnElement[bool]], values: dict[str, Any]
) -> bool:
    written = server_rows.write(values) | {"updated_at": clock.SYSTEM.now()}
    return bool(conn.execute(sa.update(SERVERS).where(*where).values(written)).rowcount)


def _task_in(tasks: Collection[str | None]) -> sa.ColumnElement[bool]:
    named = [task for task in tasks if task is not None]
    condition = _C.task.in_(named)
    return sa.or_(condition, _C.task.is_(None)) if None in tasks else condition
