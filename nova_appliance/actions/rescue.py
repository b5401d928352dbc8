# SPDX-License-Identifier: Apache-2.0
"""Boots servers from another image to repair their disks, and lets them boot as before."""

from __future__ import annotations

from nova_appliance.actions import boot_checks
from nova_appliance.actions.begin import Wanted, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import RescueOrder, VerbOrder
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.domain import rescue as rescues
from nova_appliance.domain import states
from nova_appliance.domain.server import Server

RESCUE, UNRESCUE = "rescue", "unrescue"


def rescue(
    cloud: Cloud,
    context: RequestContext,
    server: Server,
    image_id: str | None,
    password: str = "",
) -> None:
    """Begin to boot from an image: this one, the operator's, or the server's. Raises Conflict, Invalid.

    The rescued guest finds the password on its config drive, if it has one.
    """
    states.check_lock(server, RESCUE, is_admin=bool(context.is_admin))
    states.check(server, RESCUE)
    usual = cloud.conf.libvirt.rescue_image_id or (server.image.id if server.image else "")
    image = boot_checks.find_image(cloud, context, image_id or usual)
    if image.status != "active":
        raise errors.Invalid(f"Image {image.id} is not active.")
    if server.flavor.memory_mib < image.min_ram_mib:
        raise errors.Invalid("Flavor's memory is too small for requested image.")
    wanted = rescues.Rescue(image=image.remembered)
    if wanted.device not in rescues.DEVICES:
        raise errors.Invalid(
            f"Instance {server.id} cannot be rescued: {rescues.DEVICE} of the image is "
            f"{wanted.device!r}, and can be {' or '.join(rescues.DEVICES)}."
        )
    told = password if server.config_drive else ""
    order = RescueOrder(verb=RESCUE, rescue=wanted, state=server.state, password=told)
    begin(cloud, context, server, Wanted(verb=RESCUE, saga="rescue", order=order))


def unrescue(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Begin to let a rescued server boot as before. Raises Conflict."""
    order = VerbOrder(verb=UNRESCUE)
    begin(cloud, context, server, Wanted(verb=UNRESCUE, saga="unrescue", order=order))
