# SPDX-License-Identifier: Apache-2.0
"""Availability zones: the list for everybody, hosts for administrators."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import zones
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import aggregates as rules
from nova_appliance.api.request import Request
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.api.views import aggregates as views


@operation(policy=rules.ZONES, query=CLOSED_2_102)
def index(req: Request) -> dict[str, Any]:
    """GET /os-availability-zone."""
    hidden = zones.internal(req.cloud)
    known = [zone for zone in zones.list_(req.cloud) if zone.name != hidden]
    return {"availabilityZoneInfo": [views.zone(zone) for zone in known]}


@operation(policy=rules.ZONES_DETAIL, query=CLOSED_2_102)
def detail(req: Request) -> dict[str, Any]:
    """GET /os-availability-zone/detail."""
    known = zones.list_(req.cloud)
    return {"availabilityZoneInfo": [views.zone_with_hosts(zone) for zone in known]}
