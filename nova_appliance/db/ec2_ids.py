# SPDX-License-Identifier: Apache-2.0
"""EC2's ids: `i-` and 17 hex digits for a UUID, in one table. An id once given never changes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence

import sqlalchemy as sa
from oslo_db import exception as db_errors

from nova_appliance.common import clock
from nova_appliance.db.tables.api import EC2_IDS

DIGITS = 17
AT_ONCE = 500
_C = EC2_IDS.c


def known(conn: sa.Connection, prefix: str, things: Collection[str]) -> dict[str, str]:
    """Thing > its EC2 id, of those that have one."""
    found: dict[str, str] = {}
    for part in _parts(things):
        select = sa.select(_C.thing_id, _C.ec2_id)
        rows = conn.execute(select.where(_C.prefix == prefix, _C.thing_id.in_(part)))
        found |= {row.thing_id: row.ec2_id for row in rows}
    return found


def find(conn: sa.Connection, prefix: str, ec2_ids: Collection[str]) -> dict[str, str]:
    """EC2 id > the thing it means, of those that mean one."""
    found: dict[str, str] = {}
    for part in _parts(ec2_ids):
        select = sa.select(_C.ec2_id, _C.thing_id)
        rows = conn.execute(select.where(_C.prefix == prefix, _C.ec2_id.in_(part)))
        found |= {row.ec2_id: row.thing_id for row in rows}
    return found


def add(conn: sa.Connection, prefix: str, thing: str) -> str:
    """Give a thing its id, or find the one that somebody else just gave it."""
    for salt in range(8):
        ec2_id = _made(prefix, thing, salt)
        row = {"prefix": prefix, "ec2_id": ec2_id, "thing_id": thing}
        try:
            with conn.begin_nested():
                conn.execute(sa.insert(EC2_IDS).values(**row, created_at=clock.SYSTEM.now()))
        except db_errors.DBDuplicateEntry:
            ec2_id = known(conn, prefix, (thing,)).get(thing, "")
        if ec2_id:
            return ec2_id
    raise db_errors.RetryRequest(ValueError(f"No free EC2 id for {prefix} {thing}."))


def beginning(conn: sa.Connection, prefix: str, begin: str) -> dict[str, str]:
    """Thing > its EC2 id, of all things of this kind whose names begin so."""
    select = sa.select(_C.thing_id, _C.ec2_id).where(_C.prefix == prefix)
    rows = conn.execute(select.where(_C.thing_id.startswith(begin, autoescape=True)))
    return {row.thing_id: row.ec2_id for row in rows}


def remove(conn: sa.Connection, prefix: str, thing: str) -> None:
    """Forget a thing that is nowhere but here."""
    conn.execute(sa.delete(EC2_IDS).where(_C.prefix == prefix, _C.thing_id == thing))


def move(conn: sa.Connection, prefix: str, old: str, new: str) -> None:
    """Let the id of one thing mean another, whose own id (if it has one) is forgotten."""
    if known(conn, prefix, (old,)):
        remove(conn, prefix, new)
        stands = sa.update(EC2_IDS).where(_C.prefix == prefix, _C.thing_id == old)
        conn.execute(stands.values(thing_id=new))


def _made(prefix: str, thing: str, salt: int) -> str:
    """The same for everybody who asks, so that two who add it at once agree."""
    digest = hashlib.sha256(f"{prefix}/{thing}/{salt}".encode()).hexdigest()
    return f"{prefix}-{digest[:DIGITS]}"


def _parts(values: Collection[str]) -> Iterator[Sequence[str]]:
    ordered = list(dict.fromkeys(values))
    for at in range(0, len(ordered), AT_ONCE):
        yield ordered[at : at + AT_ONCE]
