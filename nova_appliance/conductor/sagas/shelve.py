# SPDX-License-Identifier: Apache-2.0
"""A server goes to the shelf: switched off, its root disk an image; later its host is let go.

Undone before the image is whole, the server is as it was.
"""

from __future__ import annotations

from typing import Any

from nova_appliance.actions.orders import ShelveOrder, VerbOrder
from nova_appliance.common import errors
from nova_appliance.conductor import attachments, guests
from nova_appliance.conductor.saga import Ctx, Done, Out, Parked, Saga, Step, follow_up
from nova_appliance.conductor.sagas import create_image as copies
from nova_appliance.conductor.sagas import power
from nova_appliance.conductor.sagas.power import failed
from nova_appliance.db import hosts, sagas, servers
from nova_appliance.domain import shelf as shelves
from nova_appliance.domain.guest import PowerState
from nova_appliance.domain.saga import Answer
from nova_appliance.domain.shelf import Shelf
from nova_appliance.rpc.orders import ServerOrder

OFFLOAD = "shelveOffload"


def find_image(ctx: Ctx, out: Out) -> dict[str, Any]:
    """See that the image is still there, if one is needed."""
    return copies.find_image(ctx, out) if ctx.order.image_id else {}


def discard_image(ctx: Ctx, out: Out) -> None:
    """Delete the half-made image."""
    if ctx.order.image_id:
        copies.discard_image(ctx, out)


def is_off(_ctx: Ctx, _out: Out, _answer: Answer) -> dict[str, Any]:
    """The guest is off; its state follows when the image is whole."""
    return {}


def power_on(ctx: Ctx, _out: Out) -> Parked | None:
    """Let a guest run again that ran before."""
    server = ctx.server()
    if server is None or not server.host or ctx.order.state != "active":
        return None
    if not ctx.is_up(server.host):
        return None
    order = ServerOrder(
        ticket=ctx.ticket("power_off"),
        server_id=server.id,
        guest=guests.guest_of(server, ctx.cloud.conf),
    )
    return Parked(name="power_on", host=server.host, order=order)


def snapshot(ctx: Ctx, _out: Out) -> Parked | Done:
    """Let the host copy the root disk."""
    if not ctx.order.image_id:
        return Done(result={})
    return copies.send(ctx, "snapshot", "shelving_image_pending_upload")


def copied(_ctx: Ctx, _out: Out, answer: Answer) -> dict[str, Any]:
    """The copy is there."""
    return answer.result


def upload(ctx: Ctx, _out: Out) -> Parked | Done:
    """Let the host upload the copy."""
    if not ctx.order.image_id:
        return Done(result={})
    return copies.send(ctx, "upload_snapshot", "shelving_image_uploading")


def uploaded(_ctx: Ctx, _out: Out, _answer: Answer) -> dict[str, Any]:
    """The image is whole."""
    return {}


def put_away(ctx: Ctx, _out: Out) -> Done:
    """The server is shelved; unless it is to wait, its host is let go next. A disk that is a
    volume leaves nothing to wait for.
    """
    image_id, now = ctx.order.image_id, ctx.cloud.clock.now()
    kept = shelves.remembered(Shelf(image_id=image_id, at=now)) if image_id else {}
    at_once = ctx.cloud.conf.shelved_offload_time == 0 or not image_id
    saga = follow_up(ctx, "shelve_offload", VerbOrder(verb=OFFLOAD)) if at_once else None

    def write(conn: Any) -> None:
        servers.lock(conn, ctx.server_id)
        server = servers.get(conn, ctx.cell_id, ctx.server_id)
        if server is None:
            return
        fields: dict[str, Any] = {
            "power": int(PowerState.SHUTDOWN),
            "system_metadata": server.system_metadata | kept,
        }
        ended = servers.settle(conn, server.id, ctx.order.verb, **fields)
        if ended and saga and servers.move(conn, server.id, OFFLOAD):
            sagas.add(conn, (saga,))

    return Done(write=write)


def destroy(ctx: Ctx, _out: Out) -> Parked | Done:
    """Let the host remove guest and disks; one that is down is waited for."""
    server = ctx.living()
    host = server.host
    if host is None:
        return Done(result={})
    if not ctx.is_up(host):
        raise errors.Unavailable(f"Host {host} is down; the server leaves it when it is back.")
    guest = guests.guest_of(server, ctx.cloud.conf)
    order = ServerOrder(ticket=ctx.ticket("destroy"), server_id=ctx.server_id, guest=guest)
    return Parked(name="destroy", host=host, order=order)


def destroyed(_ctx: Ctx, _out: Out, _answer: Answer) -> dict[str, Any]:
    """Nothing of the server is on its host."""
    return {}


def leave_host(ctx: Ctx, _out: Out) -> Done:
    """Take ports and volumes from the host, which stay the server's, and give the claims back."""
    for port in ctx.cloud.networks.ports(device_id=ctx.server_id):
        ctx.cloud.networks.unbind_port(port.id, keep_server=True)
    ctx.cloud.cells.api.transact(lambda conn: hosts.release(conn, ctx.server_id))
    return Done(write=attachments.renew(ctx, ctx.living()))


def offloaded(ctx: Ctx, _out: Out) -> Done:
    """The server is nowhere but on the shelf."""

    def write(conn: Any) -> None:
        server = servers.get(conn, ctx.cell_id, ctx.server_id)
        off = int(PowerState.SHUTDOWN)
        if server is not None:  # whoever deletes it meanwhile must know that no host has it
            servers.settle(conn, ctx.server_id, ctx.order.verb, power=off)
            servers.change(conn, server.id, host=None, node=None, zone=server.pinned_zone)

    return Done(write=write)


SHELVE = Saga(
    name="shelve",
    order=ShelveOrder,
    steps=(
        Step(name="find_image", do=find_image, undo=discard_image),
        Step(
            name="power_off",
            do=power.power_off,
            then=is_off,
            undo=power_on,
            event="compute_shelve_instance",
        ),
        Step(name="snapshot", do=snapshot, then=copied, undo=copies.drop_copy),
        Step(name="upload_snapshot", do=upload, then=uploaded),
        Step(name="put_away", do=put_away),
    ),
    failed=failed,
)

SHELVE_OFFLOAD = Saga(
    name="shelve_offload",
    order=VerbOrder,
    steps=(
        Step(name="destroy", do=destroy, then=destroyed, event="compute_shelve_offload_instance"),
        Step(name="leave_host", do=leave_host),
        Step(name="offloaded", do=offloaded),
    ),
    failed=failed,
    stubborn=True,
)
