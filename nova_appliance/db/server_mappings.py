# SPDX-License-Identifier: Apache-2.0
"""Queries of the mappings: in which cell a living server is, and what it counts against quotas."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from nova_appliance.common import clock
from nova_appliance.db.tables.api import SERVER_MAPPINGS
from nova_appliance.domain.quota import Usage

_C = SERVER_MAPPINGS.c


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """One living server."""

    server_id: str
    cell_id: str
    project_id: str
    user_id: str
    vcpus: int
    memory_mib: int
    group_id: str | None = None


_FIELDS = Mapping.__struct_fields__


def add(conn: sa.Connection, mappings: Sequence[Mapping]) -> None:
    """Store mappings of new servers in one statement."""
    now = clock.SYSTEM.now()
    rows: list[dict[str, Any]] = [
        {**msgspec.structs.asdict(mapping), "created_at": now} for mapping in mappings
    ]
    conn.execute(sa.insert(SERVER_MAPPINGS), rows)


def get(conn: sa.Connection, server_id: str) -> Mapping | None:
    """The mapping of that server."""
    select = sa.select(*(_C[name] for name in _FIELDS)).where(_C.server_id == server_id)
    row = conn.execute(select).mappings().one_or_none()
    return Mapping(**row) if row else None


def move(conn: sa.Connection, server_id: str, cell_id: str) -> bool:
    """Point the mapping at another cell; False when the server has none."""
    update = sa.update(SERVER_MAPPINGS).where(_C.server_id == server_id)
    return bool(conn.execute(update.values(cell_id=cell_id)).rowcount)


def resize(conn: sa.Connection, server_id: str, vcpus: int, memory_mib: int) -> bool:
    """Let the server count so much against quotas; False when it has no mapping."""
    update = sa.update(SERVER_MAPPINGS).where(_C.server_id == server_id)
    return bool(conn.execute(update.values(vcpus=vcpus, memory_mib=memory_mib)).rowcount)


def remove(conn: sa.Connection, server_id: str) -> bool:
    """Forget a server: it counts no more; False when it was forgotten before."""
    return bool(conn.execute(sa.delete(SERVER_MAPPINGS).where(_C.server_id == server_id)).rowcount)


def usage(conn: sa.Connection, project_id: str, user_id: str | None = None) -> Usage:
    """What living servers of a project, or of one user in it, hold."""
    sums = sa.select(
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(_C.vcpus), 0),
        sa.func.coalesce(sa.func.sum(_C.memory_mib), 0),
    ).where(_C.project_id == project_id)
    if user_id is not None:
        sums = sums.where(_C.user_id == user_id)
    servers, vcpus, memory_mib = conn.execute(sums).one()
    return Usage(servers=servers, vcpus=int(vcpus), memory_mib=int(memory_mib))


def members(conn: sa.Connection, group_id: str) -> tuple[str, ...]:
    """Ids of the living servers of a group, oldest first."""
    select = sa.select(_C.server_id).where(_C.group_id == group_id).order_by(_C.row)
    return tuple(conn.execute(select).scalars())


def older_than(
    conn: sa.Connection, before: dt.datetime, cell_id: str, after: int, limit: int
) -> tuple[tuple[int, str], ...]:
    """(number, server id) of mappings into a cell made before that time, in pages by number."""
    select = sa.select(_C.row, _C.server_id).where(
        _C.cell_id == cell_id, _C.created_at < before, _C.row > after
    )
    return tuple(conn.execute(select.order_by(_C.row).limit(limit)).tuples())


def cells_of(conn: sa.Connection, server_ids: Collection[str]) -> dict[str, str]:
    """Server id > cell id, for those that have a mapping."""
    select = sa.select(_C.server_id, _C.cell_id).where(_C.server_id.in_(server_ids))
    return dict(conn.execute(select).tuples().all())
