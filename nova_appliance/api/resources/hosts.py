# SPDX-License-Identifier: Apache-2.0
"""Hosts (to 2.42): listed by service, shown with their use, switched on and off for scheduling.

No driver can put a host into maintenance, or power one on or off: that is answered with 501.
"""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import hosts, services
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import hosts as rules
from nova_appliance.api.request import Request
from nova_appliance.api.schemas import hosts as schemas
from nova_appliance.domain.host import Amounts

LAST = "2.42"
_POWER = {"errors": (400, 404, 501), "until": LAST}


@operation(policy=rules.HOSTS_LIST, query=schemas.HOSTS, until=LAST)
def index(req: Request) -> dict[str, Any]:
    """GET /os-hosts."""
    zone = req.first("zone") or None
    rows = [
        {
            "host_name": daemon.service.host,
            "service": daemon.service.topic,
            "zone": daemon.zone,
        }
        for daemon in services.survey(req.cloud).daemons
        if not daemon.service.disabled and zone in (None, daemon.zone)
    ]
    return {"hosts": rows}


@operation(policy=rules.HOSTS_SHOW, errors=(404,), until=LAST)
def show(req: Request, name: str) -> dict[str, Any]:
    """GET /os-hosts/{host_name}."""
    use = hosts.use(req.cloud, name)
    held = tuple(use.by_project.values())
    most = Amounts(
        vcpus=sum(each.vcpus for each in held),
        memory_mib=sum(each.memory_mib for each in held),
        disk_gib=sum(each.disk_gib for each in held),
    )
    rows = {"(total)": use.has, "(used_now)": use.used, "(used_max)": most, **use.by_project}
    return {"host": [_resource(name, project, amounts) for project, amounts in rows.items()]}


@operation(policy=rules.HOSTS_UPDATE, body=schemas.HOST, errors=(400, 404, 501), until=LAST)
def update(req: Request, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """PUT /os-hosts/{host_name}."""
    if "maintenance_mode" in body:
        raise hosts.refuse(req.cloud, name)
    enabled = body["status"].lower() == "enable"
    hosts.enable(req.cloud, name, enabled=enabled)
    return {"host": name, "status": "enabled" if enabled else "disabled"}


@operation(policy=rules.HOSTS_REBOOT, **_POWER)
def reboot(req: Request, name: str) -> None:
    """GET /os-hosts/{host_name}/reboot."""
    raise hosts.refuse(req.cloud, name)


@operation(policy=rules.HOSTS_SHUTDOWN, **_POWER)
def shutdown(req: Request, name: str) -> None:
    """GET /os-hosts/{host_name}/shutdown."""
    raise hosts.refuse(req.cloud, name)


@operation(policy=rules.HOSTS_START, **_POWER)
def startup(req: Request, name: str) -> None:
    """GET /os-hosts/{host_name}/startup."""
    raise hosts.refuse(req.cloud, name)


def _resource(host: str, project: str, amounts: Amounts) -> dict[str, Any]:
    return {
        "resource": {
            "host": host,
            "project": project,
            "cpu": amounts.vcpus,
            "memory_mb": amounts.memory_mib,
            "disk_gb": amounts.disk_gib,
        }
    }
