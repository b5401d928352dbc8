# SPDX-License-Identifier: Apache-2.0
"""Queries of EC2's tags, in nova_api."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from nova_appliance.db.tables.api import EC2_TAGS

_C = EC2_TAGS.c


def of_project(conn: sa.Connection, project_id: str) -> dict[str, dict[str, str]]:
    """Every tag of a project: EC2 id > key > value."""
    select = sa.select(_C.ec2_id, _C.key, _C.value).where(_C.project_id == project_id)
    found: dict[str, dict[str, str]] = {}
    for ec2_id, key, value in conn.execute(select.order_by(_C.ec2_id, _C.key)):
        found.setdefault(ec2_id, {})[key] = value
    return found


def of_one(conn: sa.Connection, project_id: str, ec2_id: str) -> dict[str, str]:
    """The tags of one thing."""
    select = sa.select(_C.key, _C.value).where(_C.project_id == project_id, _C.ec2_id == ec2_id)
    return {row.key: row.value for row in conn.execute(select)}


def merge(conn: sa.Connection, project_id: str, ec2_id: str, tags: Mapping[str, str]) -> None:
    """Set these tags and keep the others."""
    remove(conn, project_id, ec2_id, tags)
    rows = [
        {"project_id": project_id, "ec2_id": ec2_id, "key": key, "value": value}
        for key, value in tags.items()
    ]
    if rows:
        conn.execute(sa.insert(EC2_TAGS), rows)


def remove(conn: sa.Connection, project_id: str, ec2_id: str, keys: Collection[str]) -> None:
    """Take tags away; those that are not there too."""
    where = (_C.project_id == project_id, _C.ec2_id == ec2_id, _C.key.in_(list(keys)))
    conn.execute(sa.delete(EC2_TAGS).where(*where))


def forget(conn: sa.Connection, project_id: str, ec2_id: str) -> None:
    """Take all tags of a thing away: it is gone."""
    where = (_C.project_id == project_id, _C.ec2_id == ec2_id)
    conn.execute(sa.delete(EC2_TAGS).where(*where))
