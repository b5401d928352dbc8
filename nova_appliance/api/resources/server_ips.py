# SPDX-License-Identifier: Apache-2.0
"""GET of a server's addresses."""

from __future__ import annotations

from typing import Any

from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_ips as rules
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.api.views.servers import addresses
from nova_appliance.common import errors
from nova_appliance.domain.server import Server


@operation(policy=rules.INDEX, load=find, query=CLOSED_2_102, errors=(404,))
def index(_req: Request, server: Server) -> dict[str, Any]:
    """GET /servers/{server_id}/ips."""
    return {"addresses": addresses(server, extended=False)}


@operation(policy=rules.SHOW, load=find, query=CLOSED_2_102, errors=(404,))
def show(_req: Request, server: Server, network_label: str) -> dict[str, Any]:
    """GET /servers/{server_id}/ips/{network_label}."""
    found = addresses(server, extended=False)
    if network_label not in found:
        raise errors.NotFound("Instance is not a member of specified network")
    return {network_label: found[network_label]}
