# SPDX-License-Identifier: Apache-2.0
"""Action createImage."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import create_image, metadata
from nova_appliance.api import links
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_actions as rules
from nova_appliance.api.policy import enforce, owner_of
from nova_appliance.api.request import Answer, Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas import server_actions as schemas
from nova_appliance.api.versioned import at_least
from nova_appliance.domain.attachment import root
from nova_appliance.domain.server import Server

Body = dict[str, Any]


@operation(
    policy=rules.CREATE_IMAGE,
    also=(rules.CREATE_IMAGE_OF_VOLUMES,),
    load=find,
    body=schemas.CREATE_IMAGE,
    status=202,
    errors=(404, 409),
)
def create(req: Request, server: Server, body: Body) -> Answer:
    """Make an image; from 2.45 on its id is in the body, before in the Location."""
    asked = body["createImage"]
    if root(server.attachments) is not None:
        enforce(req, rules.CREATE_IMAGE_OF_VOLUMES, owner_of(server))
    wanted = asked.get("metadata", {})
    if not at_least(req, "2.39"):
        metadata.check_room(req.cloud, req.context, len(wanted))
    name = asked["name"]
    image_id = create_image.create_image(req.cloud, req.context, server, name, wanted)
    if at_least(req, "2.45"):
        return Answer({"image_id": image_id})
    return Answer(None, headers={"Location": links.image(req, image_id)})
