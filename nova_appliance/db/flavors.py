# SPDX-License-Identifier: Apache-2.0
"""Queries of flavors, their access lists and extra specs, in nova_api."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from oslo_db import exception as db_errors

from nova_appliance.common import clock, errors
from nova_appliance.db.tables.api import FLAVOR_ACCESS, FLAVORS
from nova_appliance.domain.flavor import Flavor

SORT_KEYS: dict[str, sa.ColumnElement[Any]] = {
    "created_at": FLAVORS.c.created_at,
    "description": FLAVORS.c.description,
    "disabled": FLAVORS.c.disabled,
    "ephemeral_gb": FLAVORS.c.ephemeral_gib,
    "flavorid": FLAVORS.c.flavor_id,
    "id": FLAVORS.c.row,
    "is_public": FLAVORS.c.is_public,
    "memory_mb": FLAVORS.c.memory_mib,
    "name": FLAVORS.c.name,
    "root_gb": FLAVORS.c.root_gib,
    "rxtx_factor": FLAVORS.c.rxtx_factor,
    "swap": FLAVORS.c.swap_mib,
    "updated_at": FLAVORS.c.updated_at,
    "vcpu_weight": FLAVORS.c.row,
    "vcpus": FLAVORS.c.vcpus,
}
"""The API's sort keys; vcpu_weight, which no flavor has, sorts by age."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which flavors to list, in what order. None means: whatever."""

    is_public: bool | None = None
    disabled: bool | None = None
    project_id: str | None = None
    """Whose private flavors count as public."""
    min_memory_mib: int | None = None
    min_root_gib: int | None = None
    name: str | None = None
    sort_key: str = "flavorid"
    descending: bool = False
    marker: str | None = None
    limit: int | None = None


def get(conn: sa.Connection, flavor_id: str, project_id: str | None = None) -> Flavor | None:
    """The flavor of that id; with `project_id`, only if that project may see it."""
    where = [FLAVORS.c.flavor_id == flavor_id]
    if project_id is not None:
        where.append(_visible_to(project_id))
    found = conn.execute(sa.select(FLAVORS).where(*where)).mappings().first()
    return None if found is None else _flavor(found)


def list_(conn: sa.Connection, query: Query) -> tuple[Flavor, ...]:
    """A page of flavors, one SELECT. Raises Invalid when the marker is no flavor."""
    select = sa.select(FLAVORS).where(*_conditions(query))
    if query.marker is not None:
        marker = get(conn, query.marker)
        if marker is None:
            raise errors.Invalid(f"marker [{query.marker}] not found")
        select = select.where(_after(query, marker))
    key, row = SORT_KEYS[query.sort_key], FLAVORS.c.row
    order = (key.desc(), row.asc()) if query.descending else (key.asc(), row.asc())
    rows = conn.execute(select.order_by(*order).limit(query.limit)).mappings()
    return tuple(_flavor(row) for row in rows)


def add(conn: sa.Connection, flavor: Flavor, projects: tuple[str, ...] = ()) -> Flavor:
    """Store a flavor and who may use it. Raises Conflict when its id or name is taken."""
    values = msgspec.structs.asdict(flavor) | {"created_at": clock.SYSTEM.now()}
    values["flavor_id"] = values.pop("id")
    values["extra_specs"] = _json(flavor.extra_specs)
    for generated in ("row", "updated_at"):
        del values[generated]
    try:
        conn.execute(sa.insert(FLAVORS).values(**values))
    except db_errors.DBDuplicateEntry as error:
        taken = any("flavor_id" in str(column) for column in error.columns or ())
        what = f"ID {flavor.id}" if taken else f"name {flavor.name}"
        raise errors.Conflict(f"Flavor with {what} already exists.") from error
    stored = get(conn, flavor.id)
    assert stored is not None  # noqa: S101 - written above in this transaction
    for project_id in projects:
        add_access(conn, stored, project_id)
    return stored


def change(conn: sa.Connection, flavor_id: str, **fields: Any) -> bool:
    """Set columns of a flavor (in use: description, disabled); False when it is gone."""
    statement = sa.update(FLAVORS).where(FLAVORS.c.flavor_id == flavor_id)
    done = conn.execute(statement.values(updated_at=clock.SYSTEM.now(), **fields))
    return bool(done.rowcount)


def remove(conn: sa.Connection, flavor_id: str) -> bool:
    """Delete a flavor and its access list; False when it was not there."""
    row = sa.select(FLAVORS.c.row).where(FLAVORS.c.flavor_id == flavor_id).scalar_subquery()
    conn.execute(sa.delete(FLAVOR_ACCESS).where(FLAVOR_ACCESS.c.flavor_row == row))
    return bool(conn.execute(sa.delete(FLAVORS).where(FLAVORS.c.flavor_id == flavor_id)).rowcount)


def access(conn: sa.Connection, flavor: Flavor) -> tuple[str, ...]:
    """Projects that may use a private flavor."""
    column = FLAVOR_ACCESS.c.project_id
    select = sa.select(column).where(FLAVOR_ACCESS.c.flavor_row == flavor.row)
    return tuple(conn.execute(select.order_by(FLAVOR_ACCESS.c.row)).scalars())


def add_access(conn: sa.Connection, flavor: Flavor, project_id: str) -> None:
    """Let a project use a flavor. Raises Conflict when it already may."""
    values = {"flavor_row": flavor.row, "project_id": project_id}
    try:
        conn.execute(sa.insert(FLAVOR_ACCESS).values(**values, created_at=clock.SYSTEM.now()))
    except db_errors.DBDuplicateEntry as error:
        sentence = f"Flavor access already exists for flavor {flavor.id} and project {project_id}."
        raise errors.Conflict(sentence) from error


def remove_access(conn: sa.Connection, flavor: Flavor, project_id: str) -> bool:
    """Take a project's access away; False when it had none."""
    where = (FLAVOR_ACCESS.c.flavor_row == flavor.row, FLAVOR_ACCESS.c.project_id == project_id)
    return bool(conn.execute(sa.delete(FLAVOR_ACCESS).where(*where)).rowcount)


def merge_extra_specs(conn: sa.Connection, flavor_id: str, specs: Mapping[str, str]) -> bool:
    """Set some extra specs and keep the others; False when the flavor is gone."""
    present = _locked_extra_specs(conn, flavor_id)
    if present is None:
        return False
    return change(conn, flavor_id, extra_specs=_json(present | dict(specs)))


def remove_extra_spec(conn: sa.Connection, flavor_id: str, key: str) -> bool:
    """Take one extra spec away; False when it was not there."""
    present = _locked_extra_specs(conn, flavor_id)
    if present is None or key not in present:
        return False
    del present[key]
    return change(conn, flavor_id, extra_specs=_json(present))


def _locked_extra_specs(conn: sa.Connection, flavor_id: str) -> dict[str, str] | None:
    select = sa.select(FLAVORS.c.extra_specs).where(FLAVORS.c.flavor_id == flavor_id)
    found = conn.execute(select.with_for_update()).scalar()
    return None if found is None else msgspec.json.decode(found, type=dict[str, str])


def _conditions(query: Query) -> list[sa.ColumnElement[bool]]:
    where: list[sa.ColumnElement[bool]] = []
    if query.is_public is not None:
        where.append(FLAVORS.c.is_public == query.is_public)
    if query.is_public and query.project_id is not None:
        where = [_visible_to(query.project_id)]
    if query.disabled is not None:
        where.append(FLAVORS.c.disabled == query.disabled)
    if query.min_memory_mib is not None:
        where.append(FLAVORS.c.memory_mib >= query.min_memory_mib)
    if query.min_root_gib is not None:
        where.append(FLAVORS.c.root_gib >= query.min_root_gib)
    if query.name is not None:
        where.append(FLAVORS.c.name == query.name)
    return where


def _visible_to(project_id: str) -> sa.ColumnElement[bool]:
    listed = sa.exists().where(
        FLAVOR_ACCESS.c.flavor_row == FLAVORS.c.row, FLAVOR_ACCESS.c.project_id == project_id
    )
    return sa.or_(FLAVORS.c.is_public, listed)


def _after(query: Query, marker: Flavor) -> sa.ColumnElement[bool]:
    """Rows behind the marker in (key, row) order; rows without the key count as smallest."""
    key, row = SORT_KEYS[query.sort_key], FLAVORS.c.row
    at = sa.select(key).where(row == marker.row).scalar_subquery()
    has_none = {"description": marker.description, "updated_at": marker.updated_at}
    if query.sort_key in has_none and has_none[query.sort_key] is None:
        last = sa.and_(key.is_(None), row > marker.row)
        return last if query.descending else sa.or_(key.is_not(None), last)
    beyond = sa.or_(key < at, key.is_(None)) if query.descending else key > at
    return sa.or_(beyond, sa.and_(key == at, row > marker.row))


def _flavor(row: sa.RowMapping) -> Flavor:
    values = dict(row)
    values["id"] = values.pop("flavor_id")
    values["extra_specs"] = msgspec.json.decode(values["extra_specs"], type=dict[str, str])
    return Flavor(**values)


def _json(value: Mapping[str, str]) -> str:
    return msgspec.json.encode(dict(value)).decode()
