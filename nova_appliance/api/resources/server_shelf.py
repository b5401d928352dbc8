# SPDX-License-Identifier: Apache-2.0
"""Actions shelve, shelveOffload and unshelve."""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.actions import shelve as shelves
from nova_appliance.actions.shelve import Place
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_life as rules
from nova_appliance.api.policy import enforce
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import server_life as schemas
from nova_appliance.api.versioned import at_least
from nova_appliance.domain.server import Server

Body = dict[str, Any]


@operation(policy=rules.SHELVE, load=find, body=schemas.SHELVE, status=202, errors=(404, 409))
def shelve(req: Request, server: Server, _body: Body) -> None:
    """Put on the shelf."""
    shelves.shelve(req.cloud, req.context, server)


@operation(
    policy=rules.SHELVE_OFFLOAD,
    load=find,
    body=schemas.SHELVE_OFFLOAD,
    status=202,
    errors=(404, 409),
)
def offload(req: Request, server: Server, _body: Body) -> None:
    """Take from its host what is on the shelf."""
    shelves.offload(req.cloud, req.context, server)


@operation(
    policy=rules.UNSHELVE,
    also=(rules.UNSHELVE_TO_HOST,),
    load=find,
    body=schemas.UNSHELVE,
    status=202,
    errors=(404, 409),
)
def unshelve(req: Request, server: Server, body: Body) -> None:
    """Bring back, from 2.77 on to a zone, from 2.91 on to a host."""
    asked = body["unshelve"] if at_least(req, "2.77") else None
    asked = asked or {}
    if asked.get("host") is not None:
        enforce(req, rules.UNSHELVE_TO_HOST)
    place = Place(zone=asked.get("availability_zone", msgspec.UNSET), host=asked.get("host"))
    shelves.unshelve(req.cloud, req.context, server, place)
