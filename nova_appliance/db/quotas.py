# SPDX-License-Identifier: Apache-2.0
"""Queries of quota limits, in nova_api: user before project before class before configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_errors

from nova_appliance.common import clock
from nova_appliance.db.tables.api import PROJECT_LOCKS, QUOTA_CLASSES, QUOTAS

DEFAULT_CLASS = "default"
_NOBODY = ""


def limits(
    conn: sa.Connection, defaults: Mapping[str, int], project_id: str, user_id: str | None = None
) -> dict[str, int]:
    """Every limit that holds for a project, or for one user in it; -1 is no limit.

    `defaults` are the limits of the configuration, by name of resource.
    """
    merged = class_limits(conn, defaults)
    merged |= own_limits(conn, project_id)
    if user_id is not None:
        merged |= own_limits(conn, project_id, user_id)
    return merged


def own_limits(conn: sa.Connection, project_id: str, user_id: str | None = None) -> dict[str, int]:
    """Only the limits that were set for the project, or for that user in it."""
    where = (QUOTAS.c.project_id == project_id, QUOTAS.c.user_id == (user_id or _NOBODY))
    rows = conn.execute(sa.select(QUOTAS.c.resource, QUOTAS.c.hard_limit).where(*where))
    return dict(rows.tuples().all())


def given_to_users(conn: sa.Connection, project_id: str) -> dict[str, int]:
    """What the limits of single users of a project add up to, by resource."""
    total = sa.func.sum(QUOTAS.c.hard_limit)
    where = (QUOTAS.c.project_id == project_id, QUOTAS.c.user_id != _NOBODY)
    select = sa.select(QUOTAS.c.resource, total).where(*where, QUOTAS.c.hard_limit > 0)
    rows = conn.execute(select.group_by(QUOTAS.c.resource)).tuples().all()
    return {resource: int(limit) for resource, limit in rows}


def change(
    conn: sa.Connection, project_id: str, new: Mapping[str, int], user_id: str | None = None
) -> None:
    """Set limits of a project, or of one user in it; the others stay."""
    owner = {"project_id": project_id, "user_id": user_id or _NOBODY}
    _replace(conn, QUOTAS, owner, new)


def remove(conn: sa.Connection, project_id: str, user_id: str | None = None) -> None:
    """Forget the limits of a project and of all its users, or of one user in it."""
    where = [QUOTAS.c.project_id == project_id]
    if user_id is not None:
        where.append(QUOTAS.c.user_id == user_id)
    conn.execute(sa.delete(QUOTAS).where(*where))


def class_limits(
    conn: sa.Connection, defaults: Mapping[str, int], class_name: str = DEFAULT_CLASS
) -> dict[str, int]:
    """The limits of a quota class, filled up from the configuration."""
    select = sa.select(QUOTA_CLASSES.c.resource, QUOTA_CLASSES.c.hard_limit)
    rows = conn.execute(select.where(QUOTA_CLASSES.c.class_name == class_name))
    return dict(defaults) | dict(rows.tuples().all())


def change_class(conn: sa.Connection, class_name: str, new: Mapping[str, int]) -> None:
    """Set limits of a quota class; the others stay."""
    _replace(conn, QUOTA_CLASSES, {"class_name": class_name}, new)


def take_turn(conn: sa.Connection, project_id: str) -> None:
    """Make this transaction the only one that checks and uses the project's quota now."""
    lock = PROJECT_LOCKS
    mine = sa.update(lock).where(lock.c.project_id == project_id).values(turn=lock.c.turn + 1)
    if conn.execute(mine).rowcount:
        return
    try:
        conn.execute(sa.insert(lock).values(project_id=project_id, turn=1))
    except db_errors.DBDuplicateEntry:
        conn.execute(mine)


def _replace(
    conn: sa.Connection, table: sa.Table, owner: Mapping[str, str], new: Mapping[str, int]
) -> None:
    if not new:
        return
    where = [table.c[name] == value for name, value in owner.items()]
    conn.execute(sa.delete(table).where(*where, table.c.resource.in_(sorted(new))))
    now = clock.SYSTEM.now()
    rows: list[dict[str, Any]] = [
        {**owner, "resource": name, "hard_limit": limit, "created_at": now, "updated_at": now}
        for name, limit in new.items()
    ]
    conn.execute(sa.insert(table), rows)
