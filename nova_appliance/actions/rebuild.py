# SPDX-License-Identifier: Apache-2.0
"""Makes servers anew on their hosts: another image, other words, the same ports and id."""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.actions import boot_checks, boot_files, image_fit, metadata, shares, user_data
from nova_appliance.actions.begin import Wanted, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import RebuildOrder
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.domain import states
from nova_appliance.domain.boot import BootRequest
from nova_appliance.domain.server import Server, ServerImage

VERB = "rebuild"


class RebuildRequest(msgspec.Struct, frozen=True, kw_only=True):
    """All that a rebuild may ask, free of microversions."""

    image_id: str
    changes: dict[str, Any] = {}
    """Fields of the server > what they are from now on."""
    new_key: bool = False
    key_name: str | None = None
    """The caller's key to have from now on, if `new_key`; None is no key."""
    personality: tuple[dict[str, str], ...] = ()
    preserve_ephemeral: bool = False
    password: str = ""


def rebuild(
    cloud: Cloud, context: RequestContext, server: Server, request: RebuildRequest
) -> Server:
    """Begin to make a server anew; the server as it will be. Raises Conflict, Invalid, OverQuota."""
    states.check_lock(server, VERB, is_admin=bool(context.is_admin))
    states.check(server, VERB)
    _check_shares(server)
    image = _image(cloud, context, server, request.image_id)
    changes = request.changes | _key(cloud, context, request) | {"image": image}
    new = msgspec.structs.replace(server, **changes)
    user_data.check(new.user_data)
    metadata.check_room(cloud, context, len(new.metadata))
    order = RebuildOrder(
        verb=VERB,
        image=image,
        changes=msgspec.to_builtins({k: v for k, v in changes.items() if k != "image"}),
        files=_files(cloud, context, new, request),
        state=server.state,
        keep_ephemeral=request.preserve_ephemeral,
        password=request.password if new.config_drive else "",
        check_host=server.image is None or server.image.id != image.id,
    )
    begin(cloud, context, server, Wanted(verb=VERB, saga="rebuild", order=order))
    return msgspec.structs.replace(new, task="rebuilding")


def _check_shares(server: Server) -> None:
    try:
        shares.refuse(server, VERB)
    except errors.Conflict as error:
        raise errors.Invalid(error.message) from error


def _image(cloud: Cloud, context: RequestContext, server: Server, image_id: str) -> ServerImage:
    if server.image is None:
        raise errors.Invalid("Unable to rebuild with a different image for a volume-backed server.")
    image = boot_checks.find_image(cloud, context, image_id)
    image_fit.check(image, server.flavor)
    return image.remembered


def _key(cloud: Cloud, context: RequestContext, request: RebuildRequest) -> dict[str, Any]:
    if not request.new_key:
        return {}
    key = boot_checks.find_key(cloud, context, request.key_name)
    return {
        "key_name": key.name if key else None,
        "key_data": key.public_key if key else None,
    }


def _files(
    cloud: Cloud, context: RequestContext, new: Server, request: RebuildRequest
) -> tuple[boot_files.File, ...]:
    asked = BootRequest(name=new.name, flavor_id=new.flavor.id, personality=request.personality)
    return boot_files.read(cloud, context, asked, has_drive=new.config_drive)
