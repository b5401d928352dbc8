# SPDX-License-Identifier: Apache-2.0
"""For which periods listeners were told of the servers that were there."""

from __future__ import annotations

import datetime as dt

from nova_appliance.actions.cloud import Cloud
from nova_appliance.db import usage_audits
from nova_appliance.domain import audit_period
from nova_appliance.domain.audit_period import Period
from nova_appliance.domain.usage_audit import UsageAudit


def before(cloud: Cloud, moment: dt.datetime) -> tuple[Period, tuple[UsageAudit, ...]]:
    """The last period that was over then, and its audits of all cells."""
    period = audit_period.last(cloud.conf.instance_usage_audit_period, moment)
    found: list[UsageAudit] = []
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            found += usage_audits.list_(conn, period)
    return period, tuple(found)
