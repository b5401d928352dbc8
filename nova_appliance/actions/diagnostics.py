# SPDX-License-Identifier: Apache-2.0
"""How a server's guest does."""

from __future__ import annotations

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common.context import RequestContext
from nova_appliance.domain import states
from nova_appliance.domain.diagnostics import Diagnosis
from nova_appliance.domain.server import Server
from nova_appliance.rpc.orders import GuestAsked


def read(cloud: Cloud, context: RequestContext, server: Server) -> Diagnosis:
    """Ask its host. Raises Conflict without a host or while it does not run, Unsupported."""
    states.check(server, "diagnostics")
    client = cloud.rpc.at(cloud.cells.get(server.cell_id).transport_url)
    order = GuestAsked(server_id=server.id)
    found: Diagnosis = client.call("compute", "diagnostics", order, context, server.host)
    return found
