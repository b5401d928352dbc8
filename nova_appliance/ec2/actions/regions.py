# SPDX-License-Identifier: Apache-2.0
"""DescribeRegions, DescribeAvailabilityZones, DescribeAccountAttributes."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import quotas, zones
from nova_appliance.ec2 import listing
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.listing import Listing
from nova_appliance.ec2.parameters import shown

REGIONS = Listing(
    "Regions", "RegionName", filters={
        "endpoint": "Endpoint", "opt-in-status": "OptInStatus", "region-name": "RegionName",
    },
)  # fmt: skip
ZONES = Listing(
    "AvailabilityZones", "ZoneName", filters={
        "opt-in-status": "OptInStatus",
        "region-name": "RegionName",
        "state": "State",
        "zone-id": "ZoneId",
        "zone-name": "ZoneName",
        "zone-type": "ZoneType",
    },
)  # fmt: skip


def regions(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeRegions: this cloud is one region."""
    items: list[dict[str, Any]] = [
        {
            "RegionName": caller.region,
            "Endpoint": caller.url.partition("//")[2],
            "OptInStatus": "opt-in-not-required",
        }
    ]
    return listing.show(REGIONS, params, _named(items, "RegionName", params.get("RegionNames")))


def availability_zones(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeAvailabilityZones: those that hosts of servers are in."""
    internal = zones.internal(caller.cloud)
    items: list[dict[str, Any]] = [
        {
            "ZoneName": zone.name,
            "ZoneId": zone.name,
            "ZoneType": "availability-zone",
            "GroupName": caller.region,
            "NetworkBorderGroup": caller.region,
            "State": "available" if zone.is_available else "unavailable",
            "OptInStatus": "opt-in-not-required",
            "RegionName": caller.region,
            "Messages": [],
        }
        for zone in zones.list_(caller.cloud)
        if zone.name != internal
    ]
    named = _named(items, "ZoneName", params.get("ZoneNames"))
    return listing.show(ZONES, params, _named(named, "ZoneId", params.get("ZoneIds")))


def account_attributes(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeAccountAttributes."""
    with caller.cloud.cells.api.read() as conn:
        limits = quotas.of_caller(conn, caller.cloud, caller.context)
    values = {
        "supported-platforms": "VPC",
        "default-vpc": caller.names.one("vpc", caller.project_id),
        "max-instances": str(limits["instances"]),
    }
    asked = params.get("AttributeNames") or tuple(values)
    for name in asked:
        if name not in values:
            raise Fault("InvalidParameterValue", f"'{shown(name)}' is not an account attribute.")
    return {
        "AccountAttributes": [
            {"AttributeName": name, "AttributeValues": [{"AttributeValue": values[name]}]}
            for name in asked
        ]
    }


def _named(
    items: list[dict[str, Any]], field: str, wanted: list[str] | None
) -> list[dict[str, Any]]:
    """Those of these names, or all. Raises Fault."""
    known = {item[field] for item in items}
    for name in wanted or ():
        if name not in known:
            word = "region" if field == "RegionName" else "availability zone"
            raise Fault("InvalidParameterValue", f"Invalid {word}: [{shown(name)}]")
    return [item for item in items if not wanted or item[field] in wanted]
