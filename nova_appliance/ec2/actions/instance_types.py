# SPDX-License-Identifier: Apache-2.0
"""DescribeInstanceTypes, DescribeInstanceTypeOfferings: flavors, as EC2 describes hardware."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import flavors, zones
from nova_appliance.db.flavors import Query
from nova_appliance.domain.flavor import Flavor
from nova_appliance.ec2 import listing
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.listing import Listing
from nova_appliance.ec2.parameters import shown

TYPES = Listing(
    "InstanceTypes", "InstanceType", ids="InstanceTypes", filters={
        "bare-metal": "BareMetal",
        "current-generation": "CurrentGeneration",
        "hypervisor": "Hypervisor",
        "instance-storage-info.total-size-in-gb": "InstanceStorageInfo.TotalSizeInGB",
        "instance-storage-supported": "InstanceStorageSupported",
        "instance-type": "InstanceType",
        "memory-info.size-in-mib": "MemoryInfo.SizeInMiB",
        "processor-info.supported-architecture": "ProcessorInfo.SupportedArchitectures",
        "supported-root-device-type": "SupportedRootDeviceTypes",
        "supported-usage-class": "SupportedUsageClasses",
        "supported-virtualization-type": "SupportedVirtualizationTypes",
        "vcpu-info.default-cores": "VCpuInfo.DefaultCores",
        "vcpu-info.default-vcpus": "VCpuInfo.DefaultVCpus",
    },
)  # fmt: skip
OFFERINGS = Listing(
    "InstanceTypeOfferings", "_key", filters={
        "instance-type": "InstanceType", "location": "Location",
    },
)  # fmt: skip


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeInstanceTypes."""
    items = [_show(flavor) for flavor in _flavors(caller)]
    known = {item["InstanceType"] for item in items}
    unknown = [shown(name) for name in params.get("InstanceTypes") or () if name not in known]
    if unknown:
        raise Fault(
            "InvalidInstanceType", f"The following supplied instance types do not exist: {unknown}"
        )
    return listing.show(TYPES, params, items)


def offerings(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeInstanceTypeOfferings: every flavor in the region, or in each zone that is up."""
    kind = params.get("LocationType") or "region"
    if kind not in ("region", "availability-zone"):
        raise Fault("InvalidParameterValue", "LocationType is region or availability-zone here.")
    places = [caller.region]
    if kind == "availability-zone":
        internal = zones.internal(caller.cloud)
        known = zones.list_(caller.cloud)
        places = [one.name for one in known if one.is_available and one.name != internal]
    items = [
        {"InstanceType": flavor.name, "LocationType": kind, "Location": place,
         "_key": f"{flavor.name} {place}"}
        for flavor in _flavors(caller)
        for place in places
    ]  # fmt: skip
    answer = listing.show(OFFERINGS, params, items)
    for item in answer["InstanceTypeOfferings"]:
        del item["_key"]
    return answer


def _flavors(caller: Caller) -> tuple[Flavor, ...]:
    query = Query(is_public=True, disabled=False, project_id=caller.project_id)
    return flavors.page(caller.cloud, query)


def _show(flavor: Flavor) -> dict[str, Any]:
    disk_gib = flavor.root_gib + flavor.ephemeral_gib
    storage = {"TotalSizeInGB": disk_gib, "Disks": [{"SizeInGB": disk_gib, "Count": 1}]}
    return {
        "InstanceType": flavor.name,
        "CurrentGeneration": True,
        "FreeTierEligible": False,
        "SupportedUsageClasses": ["on-demand"],
        "SupportedRootDeviceTypes": ["ebs", "instance-store"],
        "SupportedVirtualizationTypes": ["hvm"],
        "BareMetal": False,
        "Hypervisor": "xen",
        "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
        "VCpuInfo": {
            "DefaultVCpus": flavor.vcpus,
            "DefaultCores": flavor.vcpus,
            "DefaultThreadsPerCore": 1,
            "ValidCores": [flavor.vcpus],
            "ValidThreadsPerCore": [1],
        },
        "MemoryInfo": {"SizeInMiB": flavor.memory_mib},
        "InstanceStorageSupported": disk_gib > 0,
        "InstanceStorageInfo": storage if disk_gib else None,
        "PlacementGroupInfo": {"SupportedStrategies": ["cluster", "spread"]},
        "HibernationSupported": False,
        "BurstablePerformanceSupported": False,
        "DedicatedHostsSupported": False,
        "AutoRecoverySupported": False,
    }
