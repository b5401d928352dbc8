# SPDX-License-Identifier: Apache-2.0
"""Queries of server groups, in nova_api; members are the server mappings that name the group."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from nova_appliance.common import clock
from nova_appliance.db.tables.api import SERVER_GROUPS, SERVER_MAPPINGS
from nova_appliance.domain.server_group import ServerGroup


def get(conn: sa.Connection, group_id: str, project_id: str | None = None) -> ServerGroup | None:
    """The group of that id, with members; with `project_id`, only if it is that project's."""
    where = [SERVER_GROUPS.c.id == group_id]
    if project_id is not None:
        where.append(SERVER_GROUPS.c.project_id == project_id)
    rows = conn.execute(sa.select(SERVER_GROUPS).where(*where)).mappings().all()
    return next(iter(_groups(conn, rows)), None)


def list_(
    conn: sa.Connection,
    project_id: str | None = None,
    *,
    offset: int = 0,
    limit: int | None = None,
) -> tuple[ServerGroup, ...]:
    """Groups of a project, or of all, oldest first: two SELECTs however many there are."""
    select = sa.select(SERVER_GROUPS).order_by(SERVER_GROUPS.c.row).limit(limit).offset(offset)
    if project_id is not None:
        select = select.where(SERVER_GROUPS.c.project_id == project_id)
    return _groups(conn, conn.execute(select).mappings().all())


def add(conn: sa.Connection, group: ServerGroup) -> ServerGroup:
    """Store a group without members."""
    values = msgspec.structs.asdict(group) | {"created_at": clock.SYSTEM.now()}
    del values["row"], values["members"]
    values["rules"] = msgspec.json.encode(group.rules).decode()
    done = conn.execute(sa.insert(SERVER_GROUPS).values(**values))
    row, made = done.lastrowid, values["created_at"]
    return msgspec.structs.replace(group, row=row, created_at=made, members=())


def remove(conn: sa.Connection, group_id: str) -> bool:
    """Delete a group and let its members go; False when it was not there."""
    members = sa.update(SERVER_MAPPINGS).where(SERVER_MAPPINGS.c.group_id == group_id)
    conn.execute(members.values(group_id=None))
    return bool(
        conn.execute(sa.delete(SERVER_GROUPS).where(SERVER_GROUPS.c.id == group_id)).rowcount
    )


def count(conn: sa.Connection, project_id: str, user_id: str | None = None) -> int:
    """How many groups a project (or one user in it) has."""
    where = [SERVER_GROUPS.c.project_id == project_id]
    if user_id is not None:
        where.append(SERVER_GROUPS.c.user_id == user_id)
    select = sa.select(sa.func.count()).select_from(SERVER_GROUPS).where(*where)
    return conn.execute(select).scalar_one()


def _groups(conn: sa.Connection, rows: Sequence[sa.RowMapping]) -> tuple[ServerGroup, ...]:
    members = _members(conn, [row["id"] for row in rows])
    return tuple(_group(row, members.get(row["id"], ())) for row in rows)


def _members(conn: sa.Connection, group_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    if not group_ids:
        return {}
    table = SERVER_MAPPINGS
    select = sa.select(table.c.group_id, table.c.server_id).order_by(table.c.row)
    found: dict[str, tuple[str, ...]] = {}
    for group_id, server_id in conn.execute(select.where(table.c.group_id.in_(group_ids))):
        found[group_id] = (*found.get(group_id, ()), server_id)
    return found


def _group(row: sa.RowMapping, members: tuple[str, ...]) -> ServerGroup:
    values = {name: row[name] for name in ServerGroup.__struct_fields__ if name != "members"}
    values["rules"] = msgspec.json.decode(values["rules"])
    return ServerGroup(**values, members=members)
