# SPDX-License-Identifier: Apache-2.0
"""GET and DELETE of the password that a guest told."""

from __future__ import annotations

from nova_appliance.actions import server_password
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_extras as rules
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.domain.server import Server


@operation(policy=rules.PW_SHOW, load=find, query=CLOSED_2_102, errors=(404,))
def show(_req: Request, server: Server) -> dict[str, str]:
    """GET /servers/{server_id}/os-server-password."""
    return {"password": server_password.read(server)}


@operation(policy=rules.PW_CLEAR, load=find, status=204, errors=(404,))
def clear(req: Request, server: Server) -> None:
    """DELETE /servers/{server_id}/os-server-password."""
    server_password.clear(req.cloud, server)
