# SPDX-License-Identifier: Apache-2.0
"""Hypervisors as the Compute API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from nova_appliance.actions.hypervisors import AMOUNTS, Hypervisor, amounts_of
from nova_appliance.api.request import Request
from nova_appliance.api.versioned import (
    Schema,
    Version,
    Versioned,
    add,
    at_least,
    both,
    drop,
    parse,
)
from nova_appliance.api.views import services
from nova_appliance.api.views.table import Field, fields, next_links, render

EMPTY_LISTS = parse("2.75")
"""From here on a hypervisor asked for its servers has a list, even an empty one."""


def _amount(name: str) -> Field:
    return lambda hypervisor: amounts_of(hypervisor.node)[name]


def _service(*, by_number: bool) -> Field:
    def field(hypervisor: Hypervisor) -> dict[str, Any]:
        service = hypervisor.daemon.service
        return {
            "id": service.row if by_number else service.id,
            "host": service.host,
            "disabled_reason": service.disabled_reason,
        }

    return field


def _cpu_info(hypervisor: Hypervisor) -> dict[str, Any]:
    return hypervisor.node.inventory.cpu_info


def _uptime_only(shape: Schema) -> None:
    drop("cpu_info", *AMOUNTS)(shape)
    add(uptime=lambda hypervisor: hypervisor.node.inventory.uptime or None)(shape)


_BRIEF: dict[str, Field] = {
    "id": lambda hypervisor: hypervisor.node.row,
    "hypervisor_hostname": lambda hypervisor: hypervisor.node.node,
    "state": lambda hypervisor: "up" if hypervisor.daemon.is_up else "down",
    "status": lambda hypervisor: services.status(hypervisor.daemon),
}
_BY_UUID = add(id=lambda hypervisor: hypervisor.node.id)

BRIEF = Versioned(fields(**_BRIEF), v2_53=_BY_UUID)
FULL = Versioned(
    fields(
        **_BRIEF,
        hypervisor_type=lambda hypervisor: hypervisor.node.inventory.hypervisor_type,
        hypervisor_version=lambda hypervisor: hypervisor.node.inventory.hypervisor_version,
        host_ip=lambda hypervisor: hypervisor.node.inventory.host_ip,
        cpu_info=lambda hypervisor: msgspec.json.encode(_cpu_info(hypervisor)).decode(),
        service=_service(by_number=True),
        **{name: _amount(name) for name in AMOUNTS},
    ),
    v2_28=add(cpu_info=_cpu_info),
    v2_53=both(_BY_UUID, add(service=_service(by_number=False))),
    v2_88=_uptime_only,
)


def show(version: Version, hypervisor: Hypervisor) -> dict[str, Any]:
    """All of a hypervisor."""
    return render(FULL, version, hypervisor) | _servers(version, hypervisor)


def brief(version: Version, hypervisor: Hypervisor) -> dict[str, Any]:
    """Name, state and status only."""
    return render(BRIEF, version, hypervisor) | _servers(version, hypervisor)


def index(req: Request, found: Sequence[Hypervisor], *, detail: bool) -> dict[str, Any]:
    """A list; pages are linked except when it was narrowed by a pattern."""
    view = show if detail else brief
    answer: dict[str, Any] = {"hypervisors": [view(req.version, each) for each in found]}
    if at_least(req, "2.33") and "hypervisor_hostname_pattern" not in req.query:
        collection = "os-hypervisors/detail" if detail else "os-hypervisors"
        ids = [str(each["id"]) for each in answer["hypervisors"]]
        answer |= next_links(req, "hypervisors_links", collection, ids)
    return answer


def _servers(version: Version, hypervisor: Hypervisor) -> dict[str, Any]:
    if not hypervisor.servers and (hypervisor.servers is None or version < EMPTY_LISTS):
        return {}
    return {"servers": [{"name": name, "uuid": uuid} for name, uuid in hypervisor.servers]}
