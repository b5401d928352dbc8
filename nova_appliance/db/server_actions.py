# SPDX-License-Identifier: Apache-2.0
"""Queries of what was asked of a server (os-instance-actions), in a cell's database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from nova_appliance.common import clock
from nova_appliance.common.context import RequestContext
from nova_appliance.db.tables.cell import ACTION_EVENTS, ACTIONS
from nova_appliance.domain.action import Action, ActionEvent

_A = ACTIONS.c
_E = ACTION_EVENTS.c
_ACTION = tuple(_A[name] for name in Action.__struct_fields__ if name != "events")
_EVENT = tuple(_E[name] for name in ActionEvent.__struct_fields__)


def start(conn: sa.Connection, server_id: str, action: str, context: RequestContext) -> None:
    """Note that something was asked."""
    start_all(conn, (server_id,), action, context)


def start_all(
    conn: sa.Connection, server_ids: Sequence[str], action: str, context: RequestContext
) -> None:
    """Note that the same was asked of several servers, in one statement."""
    now = clock.SYSTEM.now()
    shared: dict[str, Any] = {
        "action": action,
        "request_id": context.request_id,
        "user_id": context.user_id,
        "project_id": context.project_id,
        "started_at": now,
        "updated_at": now,
    }
    conn.execute(sa.insert(ACTIONS), [{"server_id": id_, **shared} for id_ in server_ids])


def finish(
    conn: sa.Connection,
    server_id: str,
    request_id: str,
    *,
    failed: bool = False,
    open_only: bool = True,
) -> bool:
    """Note the end of what that request asked; False when it had ended before."""
    now = clock.SYSTEM.now()
    update = sa.update(ACTIONS).where(*_of(server_id, request_id))
    if open_only:
        update = update.where(_A.finished_at.is_(None))
    values = {"finished_at": now, "updated_at": now, "message": "Error" if failed else None}
    return bool(conn.execute(update.values(values)).rowcount)


def record(conn: sa.Connection, server_id: str, request_id: str, event: ActionEvent) -> None:
    """Note a part of an action; noting it again replaces what was known of it."""
    row = conn.execute(sa.select(_A.row).where(*_of(server_id, request_id))).scalar()
    if row is None:
        return
    values = msgspec.structs.asdict(event)
    where = (_E.action_row == row, _E.event == event.event)
    kept = {name: value for name, value in values.items() if name != "started_at"}
    if not conn.execute(sa.update(ACTION_EVENTS).where(*where).values(kept)).rowcount:
        conn.execute(sa.insert(ACTION_EVENTS).values(action_row=row, **values))
    now = clock.SYSTEM.now()
    conn.execute(sa.update(ACTIONS).where(_A.row == row).values(updated_at=now))


def list_(
    conn: sa.Connection,
    server_id: str,
    *,
    limit: int | None = None,
    marker: str | None = None,
    changed: tuple[dt.datetime | None, dt.datetime | None] = (None, None),
) -> tuple[Action, ...] | None:
    """A server's actions, newest first, without events; None when no action has the marker.

    `changed` is (since, before), both included.
    """
    changes_since, changes_before = changed
    select = sa.select(*_ACTION).where(_A.server_id == server_id).order_by(_A.row.desc())
    if changes_since is not None:
        select = select.where(_A.updated_at >= changes_since)
    if changes_before is not None:
        select = select.where(_A.updated_at <= changes_before)
    if marker is not None:
        row = conn.execute(sa.select(_A.row).where(*_of(server_id, marker))).scalar()
        if row is None:
            return None
        select = select.where(_A.row < row)
    return tuple(Action(**row) for row in conn.execute(select.limit(limit)).mappings())


def get(conn: sa.Connection, server_id: str, request_id: str) -> Action | None:
    """One action with its events in their order."""
    row = conn.execute(sa.select(*_ACTION).where(*_of(server_id, request_id))).mappings().first()
    if row is None:
        return None
    events = sa.select(*_EVENT).where(_E.action_row == row["row"]).order_by(_E.row)
    seen = tuple(ActionEvent(**event) for event in conn.execute(events).mappings())
    return Action(**row, events=seen)


def with_events(conn: sa.Connection, server_id: str) -> tuple[Action, ...]:
    """All actions of a server with their events, oldest first."""
    select = sa.select(_A.request_id).where(_A.server_id == server_id).order_by(_A.row)
    found = [get(conn, server_id, request_id) for request_id in conn.execute(select).scalars()]
    return tuple(action for action in found if action)


def drop(conn: sa.Connection, server_id: str) -> None:
    """Remove a server's actions: they are in another cell now."""
    rows = sa.select(_A.row).where(_A.server_id == server_id)
    conn.execute(sa.delete(ACTION_EVENTS).where(_E.action_row.in_(rows.scalar_subquery())))
    conn.execute(sa.delete(ACTIONS).where(_A.server_id == server_id))


def put_in(conn: sa.Connection, actions: Sequence[Action]) -> None:
    """Store actions of another cell; those that are here already stay as they are."""
    for action in actions:
        if conn.execute(sa.select(_A.row).where(*_of(action.server_id, action.request_id))).first():
            continue
        values = msgspec.structs.asdict(action)
        events = values.pop("events")
        values.pop("row")
        (row,) = conn.execute(sa.insert(ACTIONS).values(values)).inserted_primary_key or (None,)
        told = [{"action_row": row, **msgspec.structs.asdict(event)} for event in events]
        if told:
            conn.execute(sa.insert(ACTION_EVENTS), told)


def _of(server_id: str, request_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (_A.server_id == server_id, _A.request_id == request_id)
