# SPDX-License-Identifier: Apache-2.0
"""Queries of nova-cert's authorities and of the certificates they signed, in nova_api."""

from __future__ import annotations

import datetime as dt

import msgspec
import sqlalchemy as sa
from oslo_db import exception as db_errors

from nova_appliance.db.tables.api import AUTHORITIES, CERTIFICATES
from nova_appliance.domain.certificate import Given

_A, _C = AUTHORITIES.c, CERTIFICATES.c
_GIVEN = [_C[name] for name in Given.__struct_fields__]


class AuthorityRow(msgspec.Struct, frozen=True, kw_only=True):
    """An authority at rest: `project_id` is empty for the root, the key is encrypted."""

    project_id: str
    certificate: str
    sealed_key: str
    revocation_list: str | None = None


def authority(conn: sa.Connection, project_id: str) -> AuthorityRow | None:
    """The authority of a project, or the root."""
    columns = [_A[name] for name in AuthorityRow.__struct_fields__]
    row = conn.execute(sa.select(*columns).where(_A.project_id == project_id)).mappings().first()
    return AuthorityRow(**row) if row else None


def add_authority(conn: sa.Connection, row: AuthorityRow, now: dt.datetime) -> bool:
    """Store an authority unless one is there; whether it was stored."""
    values = msgspec.structs.asdict(row) | {"created_at": now}
    try:
        with conn.begin_nested():
            conn.execute(sa.insert(AUTHORITIES).values(**values))
    except db_errors.DBDuplicateEntry:
        return False
    return True


def change_authority(conn: sa.Connection, project_id: str, now: dt.datetime, **fields: str) -> bool:
    """Write an authority's new certificate, sealed key or revocation list."""
    update = sa.update(AUTHORITIES).where(_A.project_id == project_id)
    return bool(conn.execute(update.values(**fields, updated_at=now)).rowcount)


def projects(conn: sa.Connection) -> tuple[str, ...]:
    """The projects that have an authority."""
    select = sa.select(_A.project_id).where(_A.project_id != "").order_by(_A.project_id)
    return tuple(conn.execute(select).scalars())


def add(conn: sa.Connection, given: Given) -> None:
    """Remember a certificate; one that is known stays as it is."""
    try:
        with conn.begin_nested():
            conn.execute(sa.insert(CERTIFICATES).values(**msgspec.structs.asdict(given)))
    except db_errors.DBDuplicateEntry:
        return


def list_(conn: sa.Connection) -> tuple[Given, ...]:
    """All certificates, the oldest first."""
    rows = conn.execute(sa.select(*_GIVEN).order_by(_C.not_before, _C.serial)).mappings()
    return tuple(Given(**row) for row in rows)


def revoked(conn: sa.Connection, kind: str, project_id: str | None) -> tuple[Given, ...]:
    """The revoked ones of a kind, and of a project."""
    select = sa.select(*_GIVEN).where(_C.revoked_at.is_not(None), _C.kind == kind)
    if project_id is not None:
        select = select.where(_C.project_id == project_id)
    return tuple(Given(**row) for row in conn.execute(select).mappings())


def is_revoked(conn: sa.Connection, serial: str) -> bool:
    """Whether one counts no more."""
    select = sa.select(_C.serial).where(_C.serial == serial, _C.revoked_at.is_not(None))
    return conn.execute(select).first() is not None


def revoke(conn: sa.Connection, serial: str, at: dt.datetime, reason: str) -> bool:
    """End a certificate before its time; False when it had ended so."""
    update = sa.update(CERTIFICATES).where(_C.serial == serial, _C.revoked_at.is_(None))
    return bool(conn.execute(update.values(revoked_at=at, reason=reason)).rowcount)


def of_users(
    conn: sa.Connection, now: dt.datetime, user_id: str | None, project_id: str | None
) -> tuple[Given, ...]:
    """Users' certificates that count, by user, by project, or by both."""
    select = sa.select(*_GIVEN).where(
        _C.kind == "user", _C.revoked_at.is_(None), _C.not_after > now
    )
    if user_id is not None:
        select = select.where(_C.user_id == user_id)
    if project_id is not None:
        select = select.where(_C.project_id == project_id)
    return tuple(Given(**row) for row in conn.execute(select).mappings())


def forget(conn: sa.Connection, before: dt.datetime) -> int:
    """Remove the rows of certificates that ended before a moment; how many there were.

    Hosts' that are revoked stay: the revocation list names them for ever.
    """
    may_go = sa.or_(_C.kind != "host", _C.revoked_at.is_(None))
    return int(conn.execute(sa.delete(CERTIFICATES).where(_C.not_after < before, may_go)).rowcount)
