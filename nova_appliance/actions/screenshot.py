# SPDX-License-Identifier: Apache-2.0
"""What a server's screen shows."""

from __future__ import annotations

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common.context import RequestContext
from nova_appliance.domain import states
from nova_appliance.domain.server import Server
from nova_appliance.rpc.orders import GuestAsked


def take(cloud: Cloud, context: RequestContext, server: Server) -> str:
    """A JPEG in base64. Raises Conflict without a host or while it does not run, Unsupported."""
    states.check(server, "os-getConsoleOutput")
    client = cloud.rpc.at(cloud.cells.get(server.cell_id).transport_url)
    order = GuestAsked(server_id=server.id)
    text: str = client.call("compute", "console_screenshot", order, context, server.host).text
    return text
