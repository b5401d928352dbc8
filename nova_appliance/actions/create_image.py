# SPDX-License-Identifier: Apache-2.0
"""Makes images of servers.

Of a root disk of the server's own: the image is there at once without data, a saga fills it.
Of volumes: the saga makes it when all snapshots are taken, and the caller waits for that.
"""

from __future__ import annotations

from collections.abc import Mapping

from nova_appliance.actions import outcome
from nova_appliance.actions.begin import Wanted, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import CreateImageOrder, ImageOfVolumesOrder
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext
from nova_appliance.domain import root_image, states
from nova_appliance.domain.attachment import root
from nova_appliance.domain.saga import SagaRow
from nova_appliance.domain.server import Server

VERB = "createImage"
NOT_INHERITED = ("img_signature", "cache_in_nova", "base_image_ref", "image_type", "instance_uuid")


def create_image(
    cloud: Cloud, context: RequestContext, server: Server, name: str, metadata: Mapping[str, str]
) -> str:
    """Begin to make an image of the server's root disk; its id. Raises Conflict.

    One of a server that boots from a volume is whole when this returns, unless that takes minutes.
    Raises OverQuota, Invalid, and what else the volume service said.
    """
    states.check(server, VERB)
    wanted = image_of(context, server, name, metadata)
    if root(server.attachments) is not None:
        image_id, saga = begin_of_volumes(cloud, context, server, wanted)
        outcome.ended(cloud, saga)
        return image_id
    image_id = cloud.images.create(wanted).id
    order = CreateImageOrder(verb=VERB, image_id=image_id)
    try:
        begin(cloud, context, server, Wanted(verb=VERB, saga="create_image", order=order))
    except errors.ApplianceError:
        cloud.images.discard(image_id)
        raise
    return image_id


def begin_of_volumes(
    cloud: Cloud, context: RequestContext, server: Server, wanted: Mapping[str, object]
) -> tuple[str, SagaRow]:
    """Begin to make an image of snapshots; its id, and the saga. Raises Conflict."""
    image = root_image.of(server)
    order = ImageOfVolumesOrder(
        verb=VERB,
        image_id=ids.new_id(),
        wanted={**(image.properties if image else {}), **wanted},
        token=str(context.auth_token or ""),
    )
    saga = begin(cloud, context, server, Wanted(verb=VERB, saga="image_of_volumes", order=order))
    return order.image_id, saga


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
