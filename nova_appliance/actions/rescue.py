# SPDX-License-Identifier: Apache-2.0
"""Boots servers from another image to repair their disks, and lets them boot as before."""

from __future__ import annotations

import msgspec

from nova_appliance.actions import boot_checks
from nova_appliance.actions.begin import Wanted, as_read, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import RescueOrder, VerbOrder
from nova_appliance.clients.images import Image
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import hosts
from nova_appliance.domain import attachment as attachments
from nova_appliance.domain import hardware, not_offered, root_image, states
from nova_appliance.domain import rescue as rescues
from nova_appliance.domain.server import Server

RESCUE, UNRESCUE = "rescue", "unrescue"
IN_USE = "in-use"
TRAIT = "COMPUTE_RESCUE_BFV"
"""What a host's driver says that boots rescue images beside root volumes."""
ON_VOLUME = "Cannot rescue a volume-backed instance"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller says of a rescue."""

    image_id: str | None = None
    """None is the operator's rescue image, or the server's."""
    password: str = ""
    """The rescued guest finds it on its config drive, if it has one."""
    on_volume: bool = False
    """Whether servers that boot from a volume may be rescued (2.87)."""


def rescue(cloud: Cloud, context: RequestContext, server: Server, asked: Asked) -> None:
    """Begin to boot from an image. Raises Conflict, Invalid."""
    states.check_lock(server, RESCUE, is_admin=bool(context.is_admin))
    states.check(server, RESCUE)
    image = _image(cloud, context, server, asked)
    _check_volumes(cloud, server)
    if image.status != "active":
        raise errors.Invalid(f"Image {image.id} is not active.")
    if server.flavor.memory_mib < image.min_ram_mib:
        raise errors.Invalid("Flavor's memory is too small for requested image.")
    wanted = rescues.Rescue(image=image.remembered)
    _check_drive(server, wanted)
    if attachments.root(server.attachments) is not None:
        _check_on_volume(cloud, server, wanted)
    told = asked.password if server.config_drive else ""
    order = RescueOrder(verb=RESCUE, rescue=wanted, state=server.state, password=told)
    asked_for = Wanted(verb=RESCUE, saga="rescue", order=order, also=as_read(server))
    begin(cloud, context, server, asked_for)


def unrescue(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Begin to let a rescued server boot as before. Raises Conflict."""
    order = VerbOrder(verb=UNRESCUE)
    begin(cloud, context, server, Wanted(verb=UNRESCUE, saga="unrescue", order=order))


def _image(cloud: Cloud, context: RequestContext, server: Server, asked: Asked) -> Image:
    """The image to boot. A server on a volume has none of its own."""
    usual = cloud.conf.libvirt.rescue_image_id or (server.image.id if server.image else "")
    on_volume = attachments.root(server.attachments) is not None
    if on_volume and not (asked.on_volume and (asked.image_id or usual)):
        raise _not_rescuable(server, ON_VOLUME)
    return boot_checks.find_image(cloud, context, asked.image_id or usual)


def _check_volumes(cloud: Cloud, server: Server) -> None:
    """Every volume must be the server's, not on its way from it or to it. Raises Conflict."""
    for one in server.attachments:
        if one.is_volume:
            status = _status(cloud, str(one.volume_id))
            if status != IN_USE:
                raise errors.Conflict(
                    f"Invalid volume: volume '{one.volume_id}' status must be '{IN_USE}'. "
                    f"Currently in '{status}' status"
                )


def _status(cloud: Cloud, volume_id: str) -> str:
    try:
        return cloud.volumes.get(volume_id).status
    except errors.NotFound:
        return "deleted"


def _check_drive(server: Server, wanted: rescues.Rescue) -> None:
    """The drive on which a guest can have the rescue image. Raises Invalid."""
    for word, value, choices in (
        (rescues.DEVICE, wanted.device, rescues.DEVICES),
        (rescues.BUS, wanted.bus, ("", *hardware.CHOICES["hw_disk_bus"])),
    ):
        if value not in choices:
            known = " or ".join(filter(None, choices))
            raise _not_rescuable(server, f"{word} of the image is {value!r}, and can be {known}.")
    own = root_image.of(server)
    if own and not_offered.lacks(wanted.bus, own.properties):
        raise _not_rescuable(server, f"{rescues.BUS} is {wanted.bus}, which its board has not.")


def _check_on_volume(cloud: Cloud, server: Server, wanted: rescues.Rescue) -> None:
    """Image and host must both be for it. Raises Invalid."""
    if not wanted.names_drive:
        raise _not_rescuable(server, ON_VOLUME)
    with cloud.cells.api.read() as conn:
        known = hosts.list_(conn, hosts=[server.host or ""])
    if not any(TRAIT in host.inventory.traits for host in known):
        raise _not_rescuable(server, "Host unable to rescue a volume-backed instance")


def _not_rescuable(server: Server, reason: str) -> errors.Invalid:
    return errors.Invalid(f"Instance {server.id} cannot be rescued: {reason}")
