# SPDX-License-Identifier: Apache-2.0
"""Tells, once for each host and period, which servers were there: instance.exists."""

from __future__ import annotations

import datetime as dt
import logging

from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import servers as notices
from nova_appliance.common import context as contexts
from nova_appliance.db import services, usage, usage_audits
from nova_appliance.domain import audit_period
from nova_appliance.domain.audit_period import Period
from nova_appliance.domain.usage_audit import UsageAudit

LOG = logging.getLogger(__name__)
STALE_S = 1800.0
"""An audit that nobody went on with for so long was cut short: another conductor does it again."""
PAGE = 500


def audit(cloud: Cloud) -> int:
    """Tell of the last whole [DEFAULT]instance_usage_audit_period; how many servers."""
    if not cloud.conf.instance_usage_audit:
        return 0
    period = audit_period.last(cloud.conf.instance_usage_audit_period, cloud.clock.now())
    told = 0
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            found = services.list_(conn, binary=services.COMPUTE)
        for host in sorted({one.host for one in found}):
            told += _of_host(cloud, cell.id, host, period)
    return told


def _of_host(cloud: Cloud, cell_id: str, host: str, period: Period) -> int:
    database, now = cloud.cells.database(cell_id), cloud.clock.now()
    with database.read() as conn:
        if usage_audits.is_done(conn, host, period):
            return 0
    wanted = UsageAudit(host=host, begins_at=period[0], ends_at=period[1], changed_at=now)
    stale = now - dt.timedelta(seconds=STALE_S)
    if not database.transact(lambda conn: usage_audits.take(conn, wanted, stale)):
        return 0
    told = _tell_all(cloud, cell_id, host, period)
    took_s = (cloud.clock.now() - now).total_seconds()
    message = f"Instance usage audit ran for host {host}, {told} instances in {took_s:.1f} seconds."
    LOG.info("%s", message)
    fields = {"servers": told, "message": message[:255], "changed_at": cloud.clock.now()}
    database.transact(lambda conn: usage_audits.finish(conn, host, period, **fields))
    return told


def _tell_all(cloud: Cloud, cell_id: str, host: str, period: Period) -> int:
    context, told, after = contexts.for_background(), 0, ""
    while True:
        with cloud.cells.database(cell_id).read() as conn:
            page = usage.on_host(conn, cell_id, host, period, (after, PAGE))
        if not page:
            return told
        for server in page:
            notices.exists(cloud, context, server, period)
        told, after = told + len(page), page[-1].id
