# SPDX-License-Identifier: Apache-2.0
"""GET of the audit of usage: which hosts told theirs for the last whole month."""

from __future__ import annotations

import datetime as dt
from typing import Any

from nova_appliance.actions import services, usage_audits
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import usage as rules
from nova_appliance.api.request import Request
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.common import errors
from nova_appliance.domain.usage_audit import RUNNING, UsageAudit


@operation(policy=rules.AUDIT_LIST, query=CLOSED_2_102)
def index(req: Request) -> dict[str, Any]:
    """GET /os-instance_usage_audit_log."""
    return {"instance_usage_audit_logs": _log(req, req.cloud.clock.now())}


@operation(policy=rules.AUDIT_SHOW, query=CLOSED_2_102, errors=(400,))
def show(req: Request, before: str) -> dict[str, Any]:
    """GET /os-instance_usage_audit_log/{before_timestamp}."""
    form = "%Y-%m-%d %H:%M:%S.%f" if "." in before else "%Y-%m-%d %H:%M:%S"
    try:
        moment = dt.datetime.strptime(before, form)  # noqa: DTZ007 - UTC
    except ValueError as error:
        raise errors.Invalid(f"Invalid timestamp for date {before}") from error
    return {"instance_usage_audit_log": _log(req, moment)}


def _log(req: Request, before: dt.datetime) -> dict[str, Any]:
    """What hosts told, if [DEFAULT]instance_usage_audit has them tell anything."""
    (begin, end), audits = usage_audits.before(req.cloud, before)
    hosts = sorted(services.computes(req.cloud))
    running = [one for one in audits if one.state == RUNNING]
    missing = sorted(set(hosts) - {one.host for one in audits})
    failed = sum(one.errors for one in audits)
    done = len(audits) - len(running)
    count = "ALL" if done >= len(hosts) else f"{done} of {len(hosts)}"
    return {
        "period_beginning": str(begin),
        "period_ending": str(end),
        "num_hosts": len(hosts),
        "num_hosts_done": done,
        "num_hosts_running": len(running),
        "num_hosts_not_run": len(missing),
        "hosts_not_run": missing,
        "total_instances": sum(one.servers for one in audits),
        "total_errors": failed,
        "overall_status": f"{count} hosts done. {failed} errors.",
        "log": {one.host: _view(one) for one in audits},
    }


def _view(one: UsageAudit) -> dict[str, Any]:
    return {
        "state": one.state,
        "instances": one.servers,
        "errors": one.errors,
        "message": one.message,
    }
