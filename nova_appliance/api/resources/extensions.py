# SPDX-License-Identifier: Apache-2.0
"""The list of extensions: all are part of the API now, the list is fixed."""

from __future__ import annotations

from typing import Any

from nova_appliance.api.operation import operation
from nova_appliance.api.policies import servers as rules
from nova_appliance.api.request import Request
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.common import errors

UPDATED = "2014-12-03T00:00:00Z"
NAMES = {
    "NMN": "Multinic",
    "OS-DCF": "DiskConfig",
    "OS-EXT-AZ": "ExtendedAvailabilityZone",
    "OS-EXT-IMG-SIZE": "ImageSize",
    "OS-EXT-IPS": "ExtendedIps",
    "OS-EXT-IPS-MAC": "ExtendedIpsMac",
    "OS-EXT-SRV-ATTR": "ExtendedServerAttributes",
    "OS-EXT-STS": "ExtendedStatus",
    "OS-FLV-DISABLED": "FlavorDisabled",
    "OS-FLV-EXT-DATA": "FlavorExtraData",
    "OS-SCH-HNT": "SchedulerHints",
    "OS-SRV-USG": "ServerUsage",
    "os-access-ips": "AccessIPs",
    "os-admin-actions": "AdminActions",
    "os-aggregates": "Aggregates",
    "os-availability-zone": "AvailabilityZone",
    "os-block-device-mapping-v2-boot": "BlockDeviceMappingV2Boot",
    "os-config-drive": "ConfigDrive",
    "os-console-output": "ConsoleOutput",
    "os-extended-volumes": "ExtendedVolumes",
    "os-flavor-access": "FlavorAccess",
    "os-flavor-extra-specs": "FlavorExtraSpecs",
    "os-flavor-manage": "FlavorManage",
    "os-hypervisors": "Hypervisors",
    "os-instance-actions": "InstanceActions",
    "os-keypairs": "Keypairs",
    "os-multiple-create": "MultipleCreate",
    "os-quota-class-sets": "QuotaClasses",
    "os-quota-sets": "Quotas",
    "os-security-groups": "SecurityGroups",
    "os-server-groups": "ServerGroups",
    "os-server-start-stop": "ServerStartStop",
    "os-services": "Services",
    "os-used-limits": "UsedLimits",
    "os-user-data": "UserData",
    "os-volumes": "Volumes",
}
"""Alias > name of the class it once was."""


@operation(policy=rules.EXTENSIONS, query=CLOSED_2_102)
def index(_req: Request) -> dict[str, Any]:
    """GET /extensions."""
    return {"extensions": [_view(alias) for alias in NAMES]}


@operation(policy=rules.EXTENSIONS, query=CLOSED_2_102, errors=(404,))
def show(_req: Request, alias: str) -> dict[str, Any]:
    """GET /extensions/{alias}."""
    if alias not in NAMES:
        raise errors.NotFound(f"There is no extension {alias}.")
    return {"extension": _view(alias)}


def _view(alias: str) -> dict[str, Any]:
    return {
        "alias": alias,
        "name": NAMES[alias],
        "namespace": "http://docs.openstack.org/compute/ext/fake_xml",
        "description": "",
        "links": [],
        "updated": UPDATED,
    }
