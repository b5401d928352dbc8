# SPDX-License-Identifier: Apache-2.0
"""Actions forceDelete and restore."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import delete
from nova_appliance.actions import restore as restores
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_actions as rules
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import server_actions as schemas
from nova_appliance.domain.server import Server

Body = dict[str, Any]


@operation(
    policy=rules.FORCE_DELETE,
    load=find,
    body=schemas.FORCE_DELETE,
    status=202,
    errors=(404, 409),
)
def force_delete(req: Request, server: Server, _body: Body) -> None:
    """Delete at once, whatever the state."""
    delete.force(req.cloud, req.context, server)


@operation(policy=rules.RESTORE, load=find, body=schemas.RESTORE, status=202, errors=(404, 409))
def restore(req: Request, server: Server, _body: Body) -> None:
    """Give a softly deleted server back."""
    restores.restore(req.cloud, req.context, server)
