# SPDX-License-Identifier: Apache-2.0
"""Action injectNetworkInfo."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import interfaces
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_actions as rules
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import server_actions as schemas
from nova_appliance.domain.server import Server


@operation(
    policy=rules.INJECT_NETWORK_INFO,
    load=find,
    body=schemas.INJECT_NETWORK_INFO,
    status=202,
    errors=(404, 409),
)
def read_anew(req: Request, server: Server, _body: dict[str, Any]) -> None:
    """injectNetworkInfo: the row tells what the network service says now."""
    interfaces.refresh(req.cloud, req.context, server)
