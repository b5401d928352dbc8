# SPDX-License-Identifier: Apache-2.0
"""What a server's guest said on its serial console."""

from __future__ import annotations

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common.context import RequestContext
from nova_appliance.domain import states
from nova_appliance.domain.server import Server
from nova_appliance.rpc.orders import ConsoleOutput

MAX_BYTES = 102400
"""As much as Nova's drivers give."""


def read(cloud: Cloud, context: RequestContext, server: Server, lines: int | None) -> str:
    """The last lines, or all that is kept. Raises Conflict without a host, NotFound, Unavailable."""
    states.check(server, "os-getConsoleOutput")
    order = ConsoleOutput(server_id=server.id, max_bytes=MAX_BYTES)
    client = cloud.rpc.at(cloud.cells.get(server.cell_id).transport_url)
    text: str = client.call("compute", "console_output", order, context, server.host).text
    if lines is None or lines < 0:
        return text
    return "\n".join(text.split("\n")[-lines:]) if lines else ""
