# SPDX-License-Identifier: Apache-2.0
"""Queries of key pairs, in nova_api."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa
from oslo_db import exception as db_errors

from nova_appliance.common import clock, errors
from nova_appliance.db.tables.api import KEYPAIRS
from nova_appliance.domain.keypair import Keypair


def get(conn: sa.Connection, user_id: str, name: str) -> Keypair | None:
    """The user's key pair of that name."""
    select = sa.select(KEYPAIRS).where(*_of(user_id, name))
    found = conn.execute(select).mappings().first()
    return None if found is None else Keypair(**found)


def list_(
    conn: sa.Connection, user_id: str, *, marker: str | None = None, limit: int | None = None
) -> tuple[Keypair, ...]:
    """The user's key pairs by name, behind `marker`. Raises Invalid when the marker is none."""
    select = sa.select(KEYPAIRS).where(KEYPAIRS.c.user_id == user_id)
    if marker is not None:
        if get(conn, user_id, marker) is None:
            raise errors.Invalid(f"marker [{marker}] not found")
        select = select.where(KEYPAIRS.c.name > marker)
    rows = conn.execute(select.order_by(KEYPAIRS.c.name).limit(limit)).mappings()
    return tuple(Keypair(**row) for row in rows)


def add(conn: sa.Connection, keypair: Keypair) -> Keypair:
    """Store a key pair. Raises Conflict when the user has one of that name."""
    values = msgspec.structs.asdict(keypair) | {"created_at": clock.SYSTEM.now()}
    del values["row"]
    try:
        done = conn.execute(sa.insert(KEYPAIRS).values(**values))
    except db_errors.DBDuplicateEntry as error:
        raise errors.Conflict(f"Key pair '{keypair.name}' already exists.") from error
    row, made = done.lastrowid, values["created_at"]
    return msgspec.structs.replace(keypair, row=row, created_at=made)


def remove(conn: sa.Connection, user_id: str, name: str) -> bool:
    """Delete a key pair; False when it was not there."""
    return bool(conn.execute(sa.delete(KEYPAIRS).where(*_of(user_id, name))).rowcount)


def count(conn: sa.Connection, user_id: str) -> int:
    """How many key pairs the user has."""
    select = sa.select(sa.func.count()).select_from(KEYPAIRS)
    return conn.execute(select.where(KEYPAIRS.c.user_id == user_id)).scalar_one()


def _of(user_id: str, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (KEYPAIRS.c.user_id == user_id, KEYPAIRS.c.name == name)
