# SPDX-License-Identifier: Apache-2.0
"""Action evacuate."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import evacuate as evacuations
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_moves as rules
from nova_appliance.api.request import Answer, Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import server_moves as schemas
from nova_appliance.api.schemas.types import is_true
from nova_appliance.api.versioned import at_least
from nova_appliance.common import errors, ids
from nova_appliance.domain.server import Server

Body = dict[str, Any]


@operation(policy=rules.EVACUATE, load=find, body=schemas.EVACUATE, errors=(404, 409))
def evacuate(req: Request, server: Server, body: Body) -> Answer | None:
    """Bring a server to life whose host is down; answered with a password below 2.14."""
    asked = body["evacuate"]
    shared = is_true(asked.get("onSharedStorage", False))
    if shared and asked.get("adminPass"):
        raise errors.Invalid("admin password can't be changed on existing disk")
    given = asked.get("adminPass") or ids.new_password(req.cloud.conf.password_length)
    password = None if shared else given
    wanted = evacuations.Evacuation(
        host=asked.get("host"),
        unfiltered=forced(asked),
        stops=at_least(req, "2.95"),
        password=password or "",
    )
    evacuations.evacuate(req.cloud, req.context, server, wanted)
    if at_least(req, "2.14"):
        return None
    if not req.cloud.conf.api.enable_instance_password:
        return Answer({})
    return Answer({"adminPass": password})


def forced(asked: Body) -> bool:
    """Whether filters are not to be asked about the named host. Raises Invalid without one."""
    is_forced = is_true(asked.get("force", False))
    if is_forced and asked.get("host") is None:
        raise errors.Invalid("Can't force to a non-provided destination")
    return is_forced
