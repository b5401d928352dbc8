# SPDX-License-Identifier: Apache-2.0
"""Volumes join and leave servers, or move under them; the row has them at once, sagas do the rest."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from nova_appliance.actions import find_server, late_news, moves
from nova_appliance.actions.begin import Wanted, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import AttachVolumeOrder, DetachVolumeOrder, SwapVolumeOrder
from nova_appliance.clients.volumes import Volume
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext
from nova_appliance.db import sagas, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain import attachment as attachments
from nova_appliance.domain import devices, root_image, states
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.server import Server

ATTACH, DETACH, SWAP = "attach volume", "detach volume", "swap volume"
EXTEND = "extend volume"
AT_WORK = {
    "attach_volume": "attached",
    "detach_volume": "detached",
    "swap_volume": "moved",
    "snapshot_volume": "copied",
    "merge_volume": "merged",
}
"""Sagas of which a volume has one at a time, and what they do with it."""
ON_SHELF = ("shelved", "shelved_offloaded")


class VolumeWanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be attached."""

    volume_id: str
    device: str | None = None
    """Checked, but the name is the next free one, as Nova's libvirt driver has it."""
    tag: str | None = None
    delete_on_termination: bool = False
    may_be_shared: bool = True
    """Whether a volume for several servers may be had (2.60)."""
    off_host: bool = True
    """Whether a server on the shelf may have it (2.20)."""


def attach(
    cloud: Cloud, context: RequestContext, server: Server, wanted: VolumeWanted
) -> Attachment:
    """Begin to attach; the attachment. Raises Conflict, NotFound, Invalid, Forbidden."""
    _check_state(context, server, ATTACH, off_host=wanted.off_host)
    volume = _check_volume(cloud, context, server, wanted)
    if wanted.device:
        devices.check_name(wanted.device)
    one = Attachment(
        id=ids.new_id(),
        device="",
        volume_id=volume.id,
        source_id=volume.id,
        size_gib=volume.size_gib,
        delete_on_termination=wanted.delete_on_termination,
        tag=wanted.tag,
        bus=bus_of(server),
        shared=volume.shared,
    )
    order = AttachVolumeOrder(verb=ATTACH, id=one.id, volume_id=volume.id)
    kept: list[Attachment] = []
    also = _keep(server, one, kept)
    begin(cloud, context, server, Wanted(verb=ATTACH, saga="attach_volume", order=order, also=also))
    return kept[-1]


def _check_state(context: RequestContext, server: Server, verb: str, *, off_host: bool) -> None:
    """Servers on the shelf have volumes attached and detached since 2.20."""
    states.check_lock(server, verb, is_admin=bool(context.is_admin))
    move = states.check(server, verb)
    if server.state in ON_SHELF and not off_host:
        raise errors.Conflict(
            f"Cannot '{move.word}' instance {server.id} while it is in vm_state {server.state}"
        )


def _keep(
    server: Server, one: Attachment, kept: list[Attachment]
) -> Callable[[Connection], object]:
    """In the transaction that begins it: the row has the volume, under a name of its own."""

    def also(conn: Connection) -> None:
        servers.lock(conn, server.id)
        now = servers.get(conn, server.cell_id, server.id)
        if now is None:
            raise find_server.missing(server.id)
        if attachments.find(now.attachments, str(one.volume_id)):
            raise _twice(one.volume_id)
        named = msgspec.structs.replace(one, device=devices.next_name(one.bus, names_of(now)))
        servers.change(conn, now.id, attachments=(*now.attachments, named))
        kept.append(named)

    return also


def names_of(server: Server) -> set[str]:
    """Names of the server's disks: its image's, its flavor's, its attachments'."""
    taken = {one.device for one in server.attachments}
    bus, flavor = bus_of(server), server.flavor
    named_local = any(one.destination == attachments.LOCAL for one in server.attachments)
    if attachments.root(server.attachments) is None:
        taken.add(devices.next_name(bus, ()))
    for size in () if named_local else (flavor.ephemeral_gib, flavor.swap_mib):
        if size:
            taken.add(devices.next_name(bus, taken))
    return taken


def bus_of(server: Server) -> str:
    """The bus of the server's disks, as its image says."""
    image = root_image.of(server)
    return image.properties.get("hw_disk_bus", "virtio") if image else "virtio"


def _check_volume(
    cloud: Cloud, context: RequestContext, server: Server, wanted: VolumeWanted
) -> Volume:
    volume = cloud.volumes.get(wanted.volume_id, context)
    if attachments.find(server.attachments, volume.id):
        raise _twice(volume.id)
    check_usable(volume, may_be_shared=wanted.may_be_shared)
    if server.state == "shelved_offloaded" and (wanted.tag or volume.shared):
        what = "a tag" if wanted.tag else "a multiattach volume"
        raise errors.Invalid(f"Attaching {what} to a shelved offloaded server is not supported.")
    if not cloud.conf.cinder.cross_az_attach and volume.zone != (server.zone or volume.zone):
        raise errors.Invalid(
            f"Invalid volume: Instance {server.id} and volume {volume.id} are not in the same "
            f"availability_zone. Instance is in {server.zone}. Volume is in {volume.zone}"
        )
    return volume


def check_usable(volume: Volume, *, may_be_shared: bool) -> None:
    """Raise Invalid for a volume that is in use, or that only newer requests may share."""
    if volume.shared and not may_be_shared:
        raise errors.Invalid(
            "Volumes that several servers may have need microversion 2.60 of the request."
        )
    allowed = ("available", "in-use") if volume.shared else ("available",)
    if volume.status not in allowed:
        raise errors.Invalid(
            f"Invalid volume: volume '{volume.id}' status must be {' or '.join(allowed)}. "
            f"Currently in '{volume.status}'"
        )


def detach(
    cloud: Cloud,
    context: RequestContext,
    server: Server,
    volume_id: str,
    *,
    off_host: bool = True,
) -> None:
    """Begin to detach. Raises Conflict, NotFound, Invalid for the root volume."""
    _check_state(context, server, DETACH, off_host=off_host)
    one = find(server, volume_id)
    if one.is_root:
        raise errors.Invalid("Cannot detach a root device volume")
    if server.host is not None and not one.connection:
        raise errors.Conflict(f"Volume {volume_id} is just being attached to server {server.id}.")
    if server.host is not None:
        moves.check_up(cloud, server.host)
    order = DetachVolumeOrder(verb=DETACH, id=one.id, volume_id=volume_id)
    also = undisturbed(server, one, "detach_volume")
    begin(cloud, context, server, Wanted(verb=DETACH, saga="detach_volume", order=order, also=also))


def undisturbed(
    server: Server, one: Attachment, beside: str | None = None
) -> Callable[[Connection], object]:
    """In the transaction that begins it: Conflict while another saga works with this volume, but
    one named `beside`.
    """

    def also(conn: Connection) -> None:
        for name, order in sagas.orders_of(conn, server.id):
            if name in AT_WORK and name != beside and order.get("id") == one.id:
                raise errors.Conflict(
                    f"Volume {one.volume_id} of server {server.id} is just being {AT_WORK[name]}."
                )

    return also


def find(server: Server, volume_id: str) -> Attachment:
    """The server's attachment of this volume. Raises NotFound."""
    one = attachments.find(server.attachments, volume_id)
    if one is None:
        raise errors.NotFound(
            f"Instance {server.id} is not attached to volume {volume_id}: there is no such "
            "attachment."
        )
    return one


def swap(
    cloud: Cloud, context: RequestContext, server: Server, volume_id: str, new_volume_id: str
) -> None:
    """Begin to move a volume to a new place, as the volume service asks. Raises as `attach`."""
    states.check_lock(server, SWAP, is_admin=bool(context.is_admin))
    states.check(server, SWAP)
    one = find(server, volume_id)
    old = cloud.volumes.get(volume_id, context)
    try:
        new = cloud.volumes.get(new_volume_id, context)
    except errors.NotFound as error:
        raise errors.Invalid(error.message) from error
    if new.size_gib < old.size_gib:
        raise errors.Invalid("Invalid volume: Old volume size is larger than the new one.")
    if new.size_gib > old.size_gib:
        raise errors.Invalid(
            f"Invalid volume: new volume '{new.id}' is larger: a guest's disk is copied to one of its own size; "
            "extend it afterwards."
        )
    if new.server_ids():
        raise errors.Invalid(f"Invalid volume: new volume '{new.id}' is attached already.")
    if old.shared and len(old.server_ids()) > 1:
        raise errors.Invalid("Volumes that several servers have cannot be swapped.")
    if not old.is_moving:
        raise errors.Conflict("The volume service does not move this volume: nothing to swap.")
    order = SwapVolumeOrder(verb=SWAP, id=one.id, volume_id=volume_id, new_volume_id=new_volume_id)
    also = undisturbed(server, one)
    begin(cloud, context, server, Wanted(verb=SWAP, saga="swap_volume", order=order, also=also))


def extended(cloud: Cloud, context: RequestContext, server: Server, volume_id: str) -> None:
    """The volume service has made it larger: the guest is to see that, now or when it is at rest.

    Raises NotFound.
    """
    one = find(server, volume_id)
    order = AttachVolumeOrder(verb=EXTEND, id=one.id, volume_id=volume_id)
    wanted = Wanted(verb=EXTEND, saga="extend_volume", order=order)
    late_news.begin_or_keep(cloud, context, server, wanted)


def set_end(cloud: Cloud, server: Server, volume_id: str, *, delete: bool) -> None:
    """Say whether the volume goes with its server. Raises NotFound."""

    def work(conn: Connection) -> None:
        servers.lock(conn, server.id)
        now = servers.get(conn, server.cell_id, server.id)
        if now is None:
            raise find_server.missing(server.id)
        one = msgspec.structs.replace(find(now, volume_id), delete_on_termination=delete)
        servers.change(conn, now.id, attachments=attachments.with_(now.attachments, one))

    cloud.cells.database(server.cell_id).transact(work)


def _twice(volume_id: str | None) -> errors.Invalid:
    return errors.Invalid(f"Invalid volume: volume {volume_id} already attached")
