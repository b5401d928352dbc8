# SPDX-License-Identifier: Apache-2.0
"""Makes images of servers: the image is there at once without data, a saga fills it."""

from __future__ import annotations

from collections.abc import Mapping

from nova_appliance.actions import image_of_volumes
from nova_appliance.actions.begin import Wanted, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import CreateImageOrder
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.domain import states
from nova_appliance.domain.attachment import root
from nova_appliance.domain.server import Server

VERB = "createImage"
NOT_INHERITED = ("img_signature", "cache_in_nova", "base_image_ref", "image_type", "instance_uuid")


def create_image(
    cloud: Cloud, context: RequestContext, server: Server, name: str, metadata: Mapping[str, str]
) -> str:
    """Begin to make an image of the server's root disk; its id. Raises Conflict.

    One of a server that boots from a volume is whole at once: it has no data of its own.
    """
    states.check(server, VERB)
    wanted = image_of(context, server, name, metadata)
    if root(server.attachments) is not None:
        return image_of_volumes.create(cloud, context, server, wanted)
    image_id = cloud.images.create(wanted).id
    order = CreateImageOrder(verb=VERB, image_id=image_id)
    try:
        begin(cloud, context, server, Wanted(verb=VERB, saga="create_image", order=order))
    except errors.ApplianceError:
        cloud.images.discard(image_id)
        raise
    return image_id


def image_of(
    context: RequestContext, server: Server, name: str, metadata: Mapping[str, str]
) -> dict[str, object]:
    """What the image service is told of it: the server's image handed on, and where it is from."""
    base = server.image
    kept = base.properties if base else {}
    return {
        **{k: v for k, v in kept.items() if not k.startswith(NOT_INHERITED)},
        "image_type": "snapshot",
        **metadata,
        "name": name,
        "owner": context.project_id,
        "visibility": "private",
        "min_disk": server.flavor.root_gib,
        "min_ram": base.min_ram_mib if base else 0,
        "instance_uuid": server.id,
        "user_id": context.user_id,
        "owner_id": context.project_id,
        "base_image_ref": base.id if base else "",
    }
