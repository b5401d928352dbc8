# SPDX-License-Identifier: Apache-2.0
"""GET of the audit of usage: which hosts told theirs for the last whole month."""

from __future__ import annotations

import datetime as dt
from typing import Any

from nova_appliance.actions import services
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import usage as rules
from nova_appliance.api.request import Request
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.common import errors


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
    """Hosts tell usage by the bill of each project here, so none keeps such a log."""
    begin, end = _month_before(before)
    hosts = sorted(services.computes(req.cloud))
    return {
        "period_beginning": str(begin),
        "period_ending": str(end),
        "num_hosts": len(hosts),
        "num_hosts_done": 0,
        "num_hosts_running": 0,
        "num_hosts_not_run": len(hosts),
        "hosts_not_run": hosts,
        "total_instances": 0,
        "total_errors": 0,
        "overall_status": "ALL hosts done. 0 errors."
        if not hosts
        else f"0 of {len(hosts)} hosts done. 0 errors.",
        "log": {},
    }


def _month_before(moment: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """The last month that had ended."""
    end = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    last_day = end - dt.timedelta(days=1)
    return last_day.replace(day=1), end
