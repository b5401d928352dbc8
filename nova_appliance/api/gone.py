# SPDX-License-Identifier: Apache-2.0
"""Resources that were removed for good: one table, 410 at every microversion."""

from __future__ import annotations

from typing import Any

from nova_appliance.api.faults import Gone
from nova_appliance.api.operation import ByBodyKey, Operation, Routes
from nova_appliance.api.request import Request

REMOVED: dict[str, dict[str, str]] = {
    "os-agents": {"GET": "22.0.0", "POST": "22.0.0"},
    "os-agents/{agent_build_id}": {"PUT": "22.0.0", "DELETE": "22.0.0"},
    "os-cells": {"GET": "20.0.0", "POST": "20.0.0"},
    "os-cells/capacities": {"GET": "20.0.0"},
    "os-cells/detail": {"GET": "20.0.0"},
    "os-cells/info": {"GET": "20.0.0"},
    "os-cells/sync_instances": {"POST": "20.0.0"},
    "os-cells/{cell_id}": {"GET": "20.0.0", "PUT": "20.0.0", "DELETE": "20.0.0"},
    "os-cells/{cell_id}/capacities": {"GET": "20.0.0"},
    "os-cloudpipe": {"GET": "16.0.0", "POST": "16.0.0"},
    "os-cloudpipe/{id}": {"PUT": "16.0.0"},
    "os-fixed-ips/{fixed_ip}": {"GET": "18.0.0"},
    "os-floating-ip-dns": {"GET": "18.0.0"},
    "os-floating-ip-dns/{domain}": {"PUT": "18.0.0", "DELETE": "18.0.0"},
    "os-floating-ip-dns/{domain}/entries/{name}": {
        "GET": "18.0.0",
        "PUT": "18.0.0",
        "DELETE": "18.0.0",
    },
    "os-floating-ips-bulk": {"GET": "18.0.0", "POST": "18.0.0"},
    "os-floating-ips-bulk/{id}": {"GET": "18.0.0", "PUT": "18.0.0"},
    "os-fping": {"GET": "18.0.0"},
    "os-fping/{instance_id}": {"GET": "18.0.0"},
    "os-networks": {"POST": "21.0.0"},
    "os-networks/add": {"POST": "21.0.0"},
    "os-networks/{network_id}": {"DELETE": "21.0.0"},
    "os-security-group-default-rules": {"GET": "21.0.0", "POST": "21.0.0"},
    "os-security-group-default-rules/{security_group_default_rule_id}": {
        "GET": "21.0.0",
        "DELETE": "21.0.0",
    },
    "os-tenant-networks": {"POST": "21.0.0"},
    "os-tenant-networks/{network_id}": {"DELETE": "21.0.0"},
    "servers/{server_id}/consoles": {"GET": "21.0.0", "POST": "21.0.0"},
    "servers/{server_id}/consoles/{console_id}": {"GET": "21.0.0", "DELETE": "21.0.0"},
    "servers/{server_id}/os-virtual-interfaces": {"GET": "18.0.0"},
}
"""Path > method > release that removed it."""

ACTIONS: dict[str, dict[str, str]] = {
    "servers/{server_id}/action": {"resetNetwork": "23.0.0"},
    "os-fixed-ips/{fixed_ip}/action": {"reserve": "18.0.0", "unreserve": "18.0.0"},
    "os-networks/{network_id}/action": {
        "associate_host": "18.0.0",
        "disassociate": "21.0.0",
        "disassociate_host": "18.0.0",
        "disassociate_project": "18.0.0",
    },
}
"""Path > action > release that removed it."""


def removed_in(release: str) -> Gone:
    """The error that says so."""
    return Gone(f"This API is gone; it was removed in release {release}.")


def gone(release: str) -> Operation:
    """An operation that says since when it is gone."""

    def answer(_req: Request, *_ids: str) -> Any:
        raise removed_in(release)

    return Operation(answer, errors=(410,))


ROUTES: Routes = {
    **{
        path: {method: gone(release) for method, release in methods.items()}
        for path, methods in REMOVED.items()
    },
    **{
        path: {"POST": ByBodyKey({key: gone(release) for key, release in actions.items()})}
        for path, actions in ACTIONS.items()
    },
}
