# SPDX-License-Identifier: Apache-2.0
"""ClientToken of EC2 calls: one row a token, so that a repeated call makes nothing again."""

from __future__ import annotations

import datetime as dt

import msgspec
import sqlalchemy as sa
from oslo_db import exception as db_errors

from nova_appliance.db.tables.api import EC2_CLIENT_TOKENS

_C = EC2_CLIENT_TOKENS.c


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A call with a token: what was asked (fingerprint), and what it is to make (answer)."""

    project_id: str
    action: str
    token: str
    fingerprint: str
    answer: str
    created_at: dt.datetime


def add(conn: sa.Connection, claim: Claim) -> Claim:
    """Store it, or return the one that stands there with the same token."""
    try:
        with conn.begin_nested():
            conn.execute(sa.insert(EC2_CLIENT_TOKENS).values(**msgspec.structs.asdict(claim)))
    except db_errors.DBDuplicateEntry:
        return get(conn, claim) or claim
    return claim


def get(conn: sa.Connection, like: Claim) -> Claim | None:
    """The claim that stands under this token."""
    columns = [_C[name] for name in Claim.__struct_fields__]
    row = conn.execute(sa.select(*columns).where(*_of(like))).mappings().first()
    return Claim(**row) if row else None


def of_project(conn: sa.Connection, project_id: str, action: str) -> dict[str, str]:
    """What a project's calls were to make > their tokens."""
    where = (_C.project_id == project_id, _C.action == action)
    rows = conn.execute(sa.select(_C.answer, _C.token).where(*where))
    return {row.answer: row.token for row in rows}


def take_over(conn: sa.Connection, old: Claim, now: dt.datetime) -> bool:
    """Make an old claim one's own; False when somebody else was faster."""
    update = sa.update(EC2_CLIENT_TOKENS).where(*_of(old), _C.created_at == old.created_at)
    return bool(conn.execute(update.values(created_at=now)).rowcount)


def remove(conn: sa.Connection, claim: Claim) -> None:
    """Forget a claim that made nothing."""
    conn.execute(sa.delete(EC2_CLIENT_TOKENS).where(*_of(claim)))


def forget_before(conn: sa.Connection, moment: dt.datetime) -> None:
    """Forget claims that are older than anybody repeats a call."""
    conn.execute(sa.delete(EC2_CLIENT_TOKENS).where(_C.created_at < moment))


def _of(claim: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        _C.project_id == claim.project_id,
        _C.action == claim.action,
        _C.token == claim.token,
    )
