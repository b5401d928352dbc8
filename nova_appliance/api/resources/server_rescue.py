# SPDX-License-Identifier: Apache-2.0
"""Actions rescue and unrescue."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import rescue as rescues
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_life as rules
from nova_appliance.api.request import Answer, Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import server_life as schemas
from nova_appliance.api.versioned import at_least
from nova_appliance.common import ids
from nova_appliance.domain.server import Server


@operation(policy=rules.RESCUE, load=find, body=schemas.RESCUE, errors=(404, 409, 501))
def rescue(req: Request, server: Server, body: dict[str, Any]) -> Answer:
    """Boot from a rescue image; answered with the password, if passwords are given at all."""
    asked = body["rescue"] or {}
    password = asked.get("adminPass") or ids.new_password(req.cloud.conf.password_length)
    wanted = rescues.Asked(
        image_id=asked.get("rescue_image_ref"),
        password=password,
        on_volume=at_least(req, "2.87"),
    )
    rescues.rescue(req.cloud, req.context, server, wanted)
    shown = req.cloud.conf.api.enable_instance_password
    return Answer({"adminPass": password} if shown else {})


@operation(
    policy=rules.UNRESCUE, load=find, body=schemas.UNRESCUE, status=202, errors=(404, 409, 501)
)
def unrescue(req: Request, server: Server, _body: dict[str, Any]) -> None:
    """Boot as before."""
    rescues.unrescue(req.cloud, req.context, server)
