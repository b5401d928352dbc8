# SPDX-License-Identifier: Apache-2.0
"""Makes servers anew on their hosts: another image, other words, the same ports and id."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec

from nova_appliance.actions import boot_checks, boot_files, image_fit, metadata, shares, user_data
from nova_appliance.actions.begin import Wanted, as_read, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import RebuildOrder
from nova_appliance.clients.volumes import Volume
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.domain import attachment as attachments
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
    reimage: bool = False
    """Whether the image is to be written over a root volume; else that keeps its content."""


def rebuild(
    cloud: Cloud, context: RequestContext, server: Server, request: RebuildRequest
) -> Server:
    """Begin to make a server anew; the server as it will be. Raises Conflict, Invalid, OverQuota."""
    states.check_lock(server, VERB, is_admin=bool(context.is_admin))
    states.check(server, VERB)
    _check_shares(server)
    base = _base(cloud, context, server, request)
    changes = request.changes | _key(cloud, context, request)
    if not base.volume_id:
        changes |= {"image": base.image}
    new = msgspec.structs.replace(server, **changes)
    user_data.check(new.user_data)
    metadata.check_room(cloud, context, len(new.metadata))
    order = RebuildOrder(
        verb=VERB,
        image=base.image,
        changes=msgspec.to_builtins({k: v for k, v in changes.items() if k != "image"}),
        files=_files(cloud, context, new, request),
        state=server.state,
        keep_ephemeral=request.preserve_ephemeral,
        password=request.password if new.config_drive else "",
        check_host=base.is_new,
        volume_id=base.volume_id,
        reimage=bool(base.volume_id) and request.reimage,
    )
    saga = "rebuild_volume" if base.volume_id else "rebuild"
    wanted = Wanted(verb=VERB, saga=saga, order=order, also=as_read(server))
    begin(cloud, context, server, wanted)
    return msgspec.structs.replace(new, task="rebuilding")


def _check_shares(server: Server) -> None:
    try:
        shares.refuse(server, VERB)
    except errors.Conflict as error:
        raise errors.Invalid(error.message) from error


@dataclasses.dataclass(frozen=True)
class _Base:
    """What the server is made of from now on."""

    image: ServerImage
    is_new: bool
    """It is another image than before."""
    volume_id: str = ""
    """The root disk, if it is a volume."""


def _base(cloud: Cloud, context: RequestContext, server: Server, request: RebuildRequest) -> _Base:
    root = attachments.root(server.attachments)
    if root is not None:
        return _on_volume(cloud, context, server, request)
    image = boot_checks.find_image(cloud, context, request.image_id)
    image_fit.check(image, server.flavor)
    image_fit.check_same_cells(server, image)
    is_new = server.image is None or server.image.id != image.id
    return _Base(image=image.remembered, is_new=is_new)


def _on_volume(
    cloud: Cloud, context: RequestContext, server: Server, request: RebuildRequest
) -> _Base:
    """Without `reimage` only the same image will do, and the volume keeps its content."""
    volume = _volume(cloud, server)
    is_new = volume.image.get("image_id") != request.image_id
    if is_new and not request.reimage:
        raise errors.Invalid("Unable to rebuild with a different image for a volume-backed server.")
    if request.reimage and volume.shared:
        raise errors.Invalid(
            f"Volume {volume.id} may be had by several servers: it stays as it is."
        )
    image = boot_checks.find_image(cloud, context, request.image_id)
    if image.status != "active":
        raise errors.Invalid(f"Image {image.id} is not active.")
    certificates = request.changes.get("trusted_certs")
    image_fit.check_on_volume(
        image.remembered, server.flavor, volume.size_gib, certificates=certificates
    )
    image_fit.check_same_cells(server, image.remembered)
    if image.size_bytes > volume.size_gib * image_fit.GIB:
        raise errors.Invalid(
            f"Image {image.id} has {image.size_bytes} bytes: more than volume {volume.id}, whose "
            f"size is {volume.size_gib} GiB."
        )
    return _Base(image=image.remembered, is_new=is_new, volume_id=volume.id)


def _volume(cloud: Cloud, server: Server) -> Volume:
    root = attachments.root(server.attachments)
    try:
        return cloud.volumes.get(str(root.volume_id) if root else "")
    except errors.NotFound as error:
        raise errors.Invalid(error.message) from error


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
