# SPDX-License-Identifier: Apache-2.0
"""Actions resize, confirmResize, revertResize and migrate."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import resize as moves
from nova_appliance.api import policy
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_moves as rules
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import server_moves as schemas
from nova_appliance.api.versioned import at_least
from nova_appliance.domain.server import Server

Body = dict[str, Any]


@operation(
    policy=rules.RESIZE, load=find, body=schemas.RESIZE, status=202, errors=(401, 403, 404, 409)
)
def resize(req: Request, server: Server, body: Body) -> None:
    """Give the server another flavor."""
    asked = body["resize"]
    wanted = moves.Resize(str(asked["flavorRef"]), asked.get("OS-DCF:diskConfig"))
    moves.resize(req.cloud, req.context, server, wanted)


@operation(policy=rules.CONFIRM, load=find, body=schemas.CONFIRM, status=204, errors=(404, 409))
def confirm(req: Request, server: Server, _body: Body) -> None:
    """Keep the new flavor or host."""
    moves.confirm(req.cloud, req.context, server)


@operation(policy=rules.REVERT, load=find, body=schemas.REVERT, status=202, errors=(404, 409))
def revert(req: Request, server: Server, _body: Body) -> None:
    """Go back to the old flavor or host."""
    moves.revert(req.cloud, req.context, server)


@operation(
    policy=rules.MIGRATE,
    also=(rules.MIGRATE_HOST,),
    load=find,
    body=schemas.MIGRATE,
    status=202,
    errors=(404, 409),
)
def migrate(req: Request, server: Server, body: Body) -> None:
    """Move the server, off, to another host."""
    asked = (body["migrate"] or {}) if at_least(req, "2.56") else {}
    host = asked.get("host")
    if host is not None:
        policy.enforce(req, rules.MIGRATE_HOST, policy.owner_of(server))
    moves.migrate(req.cloud, req.context, server, host)
