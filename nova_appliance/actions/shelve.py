# SPDX-License-Identifier: Apache-2.0
"""Puts servers on the shelf, takes them from their hosts, and brings them back."""

from __future__ import annotations

import msgspec

from nova_appliance.actions import create_image, shares, zones
from nova_appliance.actions.begin import Wanted, as_read, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import ShelveOrder, UnshelveOrder, VerbOrder
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import hosts
from nova_appliance.domain import shelf as shelves
from nova_appliance.domain import states
from nova_appliance.domain.attachment import root
from nova_appliance.domain.server import Server

SHELVE, OFFLOAD, UNSHELVE = "shelve", "shelveOffload", "unshelve"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server is wanted, if that is said."""

    zone: str | msgspec.UnsetType | None = msgspec.UNSET
    """None lets the scheduler take any zone from now on."""
    host: str | None = None

    @property
    def is_said(self) -> bool:
        """Whether anything is."""
        return self.zone is not msgspec.UNSET or self.host is not None


def shelve(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Begin to put a server on the shelf. Raises Conflict.

    One that boots from a volume needs no image: its disk is kept by the volume service.
    """
    states.check_lock(server, SHELVE, is_admin=bool(context.is_admin))
    states.check(server, SHELVE)
    shares.refuse(server, "shelve")
    if root(server.attachments) is not None:
        order = ShelveOrder(verb=SHELVE, image_id="", state=server.state)
        _begin(cloud, context, server, order, "shelve")
        return
    wanted = create_image.image_of(context, server, f"{server.name}-shelved", {})
    image_id = cloud.images.create(wanted).id
    order = ShelveOrder(verb=SHELVE, image_id=image_id, state=server.state)
    try:
        _begin(cloud, context, server, order, "shelve")
    except errors.ApplianceError:
        cloud.images.discard(image_id)
        raise


def offload(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Begin to take a shelved server from its host. Raises Conflict."""
    order = VerbOrder(verb=OFFLOAD)
    begin(cloud, context, server, Wanted(verb=OFFLOAD, saga="shelve_offload", order=order))


def unshelve(cloud: Cloud, context: RequestContext, server: Server, place: Place) -> None:
    """Begin to bring a server back. Raises Conflict, Invalid for an unknown zone or host."""
    states.check_lock(server, UNSHELVE, is_admin=bool(context.is_admin))
    states.check(server, UNSHELVE)
    if server.host is not None and server.state == "shelved":
        if place.is_said:
            raise errors.Conflict(
                "Only a server that is offloaded can be unshelved to a zone or a host; "
                f"instance {server.id} is in vm_state {server.state}"
            )
        _begin(cloud, context, server, VerbOrder(verb=UNSHELVE), "take_down")
        return
    zone = server.pinned_zone if place.zone is msgspec.UNSET else place.zone
    _check(cloud, place, zone)
    wanted = UnshelveOrder(verb=UNSHELVE, zone=zone, host=place.host)
    _begin(cloud, context, server, wanted, "unshelve")


def _begin(
    cloud: Cloud,
    context: RequestContext,
    server: Server,
    order: ShelveOrder | UnshelveOrder | VerbOrder,
    saga: str,
) -> None:
    wanted = Wanted(verb=order.verb, saga=saga, order=order, also=as_read(server))
    begin(cloud, context, server, wanted)


def _check(cloud: Cloud, place: Place, zone: str | None) -> None:
    known = {one.name: one for one in zones.list_(cloud)}
    if isinstance(place.zone, str) and not (zone in known and known[zone].is_available):
        raise errors.Invalid("The requested availability zone is not available")
    if place.host is None:
        return
    with cloud.cells.api.read() as conn:
        found = hosts.list_(conn, hosts=[place.host])
    if not found:
        raise errors.Invalid(f"Compute host {place.host} could not be found.")
    inside = {one.service.host for one in known[zone].daemons} if zone in known else set()
    if zone is not None and place.host not in inside:
        raise errors.Conflict(f'Host "{place.host}" is not in the availability zone "{zone}".')


def image_of(server: Server) -> str | None:
    """Id of the image that goes with a shelved server."""
    shelf = shelves.of(server.system_metadata)
    return shelf.image_id if shelf else None
