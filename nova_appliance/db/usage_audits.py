# SPDX-License-Identifier: Apache-2.0
"""Queries of audits of usage, in the cell of their host."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import sqlalchemy as sa
from oslo_db import exception as db_errors

from nova_appliance.db.tables.cell import USAGE_AUDITS
from nova_appliance.domain.audit_period import Period
from nova_appliance.domain.usage_audit import DONE, RUNNING, UsageAudit

_C = USAGE_AUDITS.c
_COLUMNS = [_C[name] for name in UsageAudit.__struct_fields__]


def take(conn: sa.Connection, audit: UsageAudit, stale: dt.datetime) -> bool:
    """Begin an audit, or go on with one that nobody changed since `stale`; False if it is another's."""
    same = _same(audit.host, (audit.begins_at, audit.ends_at))
    found = conn.execute(sa.select(_C.state, _C.changed_at).where(*same)).one_or_none()
    if found is None:
        try:
            with conn.begin_nested():
                conn.execute(sa.insert(USAGE_AUDITS).values(**msgspec.structs.asdict(audit)))
        except db_errors.DBDuplicateEntry:
            return False  # another conductor has just begun it
        return True
    again = (*same, _C.state == RUNNING, _C.changed_at <= stale)
    update = sa.update(USAGE_AUDITS).where(*again).values(changed_at=audit.changed_at)
    return bool(conn.execute(update).rowcount)


def finish(conn: sa.Connection, host: str, period: Period, **fields: Any) -> None:
    """Write that it is done."""
    update = sa.update(USAGE_AUDITS).where(*_same(host, period))
    conn.execute(update.values(state=DONE, **fields))


def list_(conn: sa.Connection, period: Period) -> tuple[UsageAudit, ...]:
    """Those of a period, by host."""
    where = (_C.begins_at == period[0], _C.ends_at == period[1])
    select = sa.select(*_COLUMNS).where(*where).order_by(_C.host)
    return tuple(UsageAudit(**row) for row in conn.execute(select).mappings())


def is_done(conn: sa.Connection, host: str, period: Period) -> bool:
    """Whether the host's servers were told of."""
    select = sa.select(_C.state).where(*_same(host, period))
    return conn.execute(select).scalar() == DONE


def _same(host: str, period: Period) -> tuple[sa.ColumnElement[bool], ...]:
    return (_C.host == host, _C.begins_at == period[0], _C.ends_at == period[1])
