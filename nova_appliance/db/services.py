# SPDX-License-Identifier: Apache-2.0
"""Queries of the daemons that report themselves, in a cell's database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_errors

from nova_appliance.common import clock, ids
from nova_appliance.db.tables.cell import SERVICES
from nova_appliance.domain.service import Service

COMPUTE = "nova-compute"


def check_in(
    conn: sa.Connection, host: str, binary: str, version: int, started_at: dt.datetime
) -> Service:
    """Note that a daemon lives; its first report makes its row."""
    now = clock.SYSTEM.now()
    name = {"host": host, "binary": binary}
    seen = {"version": version, "started_at": started_at, "last_seen_at": now}
    update = sa.update(SERVICES).filter_by(**name).values(reports=SERVICES.c.reports + 1, **seen)
    if not conn.execute(update).rowcount:
        new = {"id": ids.new_id(), "topic": binary.removeprefix("nova-"), "created_at": now}
        new["steady_since"] = now
        try:
            with conn.begin_nested():
                conn.execute(sa.insert(SERVICES).values(**name, **seen, **new, reports=1))
        except db_errors.DBDuplicateEntry:
            conn.execute(update)
    row = conn.execute(sa.select(SERVICES).filter_by(**name)).mappings().one()
    return Service(**row)


def note_gap(
    conn: sa.Connection, host: str, binary: str, started_at: dt.datetime, down_s: float
) -> None:
    """Called before `check_in`: a daemon that began anew, or was silent for so long, is steady only
    from now on.
    """
    s, now = SERVICES.c, clock.SYSTEM.now()
    since = now - dt.timedelta(seconds=down_s)
    was_away = sa.or_(s.last_seen_at < since, s.started_at != started_at)
    update = sa.update(SERVICES).filter_by(host=host, binary=binary).where(was_away)
    conn.execute(update.values(steady_since=now))


def list_(
    conn: sa.Connection, *, host: str | None = None, binary: str | None = None
) -> tuple[Service, ...]:
    """The services of this cell in the order of their numbers, of one host or kind only."""
    wanted = {"host": host, "binary": binary}
    where = {name: value for name, value in wanted.items() if value is not None}
    select = sa.select(SERVICES).filter_by(**where).order_by(SERVICES.c.row)
    return tuple(Service(**row) for row in conn.execute(select).mappings())


def get(conn: sa.Connection, service_id: str | int) -> Service | None:
    """The service of that id (text) or number."""
    column = SERVICES.c.row if isinstance(service_id, int) else SERVICES.c.id
    row = conn.execute(sa.select(SERVICES).where(column == service_id)).mappings().one_or_none()
    return Service(**row) if row else None


def change(conn: sa.Connection, service_id: str, **fields: Any) -> bool:
    """Set `disabled`, `disabled_reason` or `forced_down`; False when it is gone."""
    values = fields | {"updated_at": clock.SYSTEM.now()}
    update = sa.update(SERVICES).where(SERVICES.c.id == service_id).values(values)
    return bool(conn.execute(update).rowcount)


def remove(conn: sa.Connection, service_id: str) -> bool:
    """Forget a service; False when it was not there."""
    delete = sa.delete(SERVICES).where(SERVICES.c.id == service_id)
    return bool(conn.execute(delete).rowcount)


def is_up(service: Service, now: dt.datetime, down_s: float) -> bool:
    """Whether the service reported itself within `down_s` seconds and nobody forced it down."""
    if service.forced_down or service.last_seen_at is None:
        return False
    return abs((now - service.last_seen_at).total_seconds()) <= down_s


def says_nothing(found: Collection[Service], now: dt.datetime, down_s: float) -> bool:
    """Whether the silence of some of these says nothing of them, since no other reported itself all
    the while: the message broker may have been away. One alone is never excused.

    When the broker goes, hosts fall silent one after the other, each when it would have reported: who
    was last heard long ago, though not so long that it is down, bears no witness.
    """
    known = [one for one in found if not one.forced_down]
    since = now - dt.timedelta(seconds=down_s)
    steady = (
        is_up(one, now, down_s / 2) and (one.steady_since is None or one.steady_since <= since)
        for one in known
    )
    return len(known) > 1 and not any(steady)


def alive(
    conn: sa.Connection, binary: str, hosts: Collection[str], since: dt.datetime
) -> frozenset[str]:
    """Those of `hosts` whose daemon reported itself since then and is not forced down."""
    s = SERVICES.c
    select = sa.select(s.host).where(
        s.binary == binary,
        s.host.in_(hosts),
        s.last_seen_at >= since,
        s.forced_down.is_(False),
        s.disabled.is_(False),
    )
    return frozenset(conn.execute(select).scalars())
