# SPDX-License-Identifier: Apache-2.0
"""GET of how a server's guest does."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import diagnostics
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_extras as rules
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.api.versioned import at_least
from nova_appliance.api.views import diagnostics as views
from nova_appliance.domain.server import Server


@operation(policy=rules.DIAGNOSTICS, load=find, query=CLOSED_2_102, errors=(404, 409, 501))
def show(req: Request, server: Server) -> dict[str, Any]:
    """GET /servers/{server_id}/diagnostics."""
    found = diagnostics.read(req.cloud, req.context, server)
    if at_least(req, "2.48"):
        return views.show(found, server, req.cloud.clock.now())
    return views.old(found)
