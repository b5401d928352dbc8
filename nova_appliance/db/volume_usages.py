# SPDX-License-Identifier: Apache-2.0
"""Queries of what was counted of volumes: a row for each volume of each server.

Counts of hypervisors begin at 0 with each start of a guest; what was counted before is added up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_errors

from nova_appliance.db.tables.cell import VOLUME_USAGES
from nova_appliance.domain.server import Server
from nova_appliance.domain.volume_usage import COUNTED, VolumeCount, VolumeUsage

_C = VOLUME_USAGES.c


def note(
    conn: sa.Connection,
    server: Server,
    count: VolumeCount,
    now: dt.datetime,
    *,
    final: bool = False,
) -> None:
    """Write what was counted; after a final count the volume's next one begins at 0."""
    same = (_C.volume_id == count.volume_id, _C.server_id == server.id)
    row = conn.execute(sa.select(VOLUME_USAGES).where(*same).with_for_update()).mappings().first()
    values = _merged(dict(row) if row else {}, count, now, final=final)
    values |= {"project_id": server.project_id, "user_id": server.user_id, "zone": server.zone}
    update = sa.update(VOLUME_USAGES).where(*same).values(**values)
    if row is not None:
        conn.execute(update)
        return
    key = {"volume_id": count.volume_id, "server_id": server.id}
    try:
        with conn.begin_nested():
            conn.execute(sa.insert(VOLUME_USAGES).values(**key, **values))
    except db_errors.DBDuplicateEntry:
        conn.execute(update)  # another conductor has just heard of it


def close(conn: sa.Connection, volume_id: str, server_id: str) -> None:
    """The volume's next count on that server begins at 0; fine if nothing was ever counted."""
    same = (_C.volume_id == volume_id, _C.server_id == server_id)
    values: dict[str, Any] = {
        f"tot_{name}": _C[f"tot_{name}"] + _C[f"curr_{name}"] for name in COUNTED
    }
    update = sa.update(VOLUME_USAGES).where(*same).values(**values)
    conn.execute(update.values(**{f"curr_{name}": 0 for name in COUNTED}))


def of(conn: sa.Connection, volume_ids: Collection[str]) -> tuple[VolumeUsage, ...]:
    """All of each volume, in that order; those of which nothing was ever counted are left out."""
    select = sa.select(VOLUME_USAGES).where(_C.volume_id.in_(volume_ids))
    found: dict[str, list[sa.RowMapping]] = {}
    for row in conn.execute(select).mappings():
        found.setdefault(row["volume_id"], []).append(row)
    return tuple(_sum(found[one]) for one in volume_ids if one in found)


def _sum(rows: list[sa.RowMapping]) -> VolumeUsage:
    newest = max(rows, key=_refreshed_at)
    sums = {name: sum(row[f"tot_{name}"] + row[f"curr_{name}"] for row in rows) for name in COUNTED}
    return VolumeUsage(
        volume_id=newest["volume_id"],
        server_id=newest["server_id"],
        project_id=newest["project_id"],
        user_id=newest["user_id"],
        zone=newest["zone"],
        refreshed_at=_refreshed_at(newest),
        **sums,
    )


def _refreshed_at(row: sa.RowMapping) -> dt.datetime:
    known: tuple[dt.datetime | None, ...] = (row["tot_last_refreshed"], row["curr_last_refreshed"])
    return max(at for at in known if at is not None)


def _merged(
    row: dict[str, Any], count: VolumeCount, now: dt.datetime, *, final: bool
) -> dict[str, Any]:
    """The columns after this count; one that is lower than the last began anew."""
    new = {name: getattr(count, name) for name in COUNTED}
    old = {name: row.get(f"curr_{name}", 0) for name in COUNTED}
    total = {name: row.get(f"tot_{name}", 0) for name in COUNTED}
    if any(new[name] < old[name] for name in COUNTED):
        total = {name: total[name] + old[name] for name in COUNTED}
    if final:
        total = {name: total[name] + new[name] for name in COUNTED}
        new = dict.fromkeys(COUNTED, 0)
    values: dict[str, Any] = {"tot_last_refreshed" if final else "curr_last_refreshed": now}
    values |= {f"tot_{name}": value for name, value in total.items()}
    return values | {f"curr_{name}": value for name, value in new.items()}
