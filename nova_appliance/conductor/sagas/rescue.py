# SPDX-License-Identifier: Apache-2.0
"""A server boots from another image, its own disks beside it; or boots as before again.

Undone, it is as it was: the rescue disk is gone and a guest that ran runs.
"""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.actions.orders import RescueOrder, VerbOrder
from nova_appliance.conductor import guests
from nova_appliance.conductor.saga import Cancelled, Ctx, Done, Out, Parked, Saga, Step
from nova_appliance.conductor.sagas.boot import check_patience
from nova_appliance.conductor.sagas.power import failed
from nova_appliance.db import servers
from nova_appliance.domain import rescue as rescues
from nova_appliance.domain.guest import Guest, PowerState
from nova_appliance.domain.saga import Answer
from nova_appliance.domain.server import Server
from nova_appliance.rpc.orders import ServerOrder


def fetch_image(ctx: Ctx, _out: Out) -> Parked:
    """Let the host have the image, whole and checked, while the guest still runs."""
    host = ctx.living().host or ""
    check_patience(ctx, "fetch_image", host, ctx.cloud.conf.conductor.build_timeout)
    image = ctx.order.rescue.image
    order = ServerOrder(ticket=ctx.ticket("fetch_image"), server_id=ctx.server_id, image=image)
    return Parked(name="fetch_image", host=host, order=order)


def fetched(_ctx: Ctx, _out: Out, _answer: Answer) -> dict[str, Any]:
    """The image is there."""
    return {}


def remember(ctx: Ctx, _out: Out) -> Done:
    """From now on every start of the guest is one from the rescue disk."""
    return Done(write=lambda conn: _keep(ctx, conn, rescues.remembered(ctx.order.rescue)))


def forget(ctx: Ctx, _out: Out) -> Done:
    """From now on the guest starts as before."""
    return Done(write=lambda conn: _keep(ctx, conn, {}))


def _keep(ctx: Ctx, conn: Any, more: dict[str, str]) -> None:
    servers.lock(conn, ctx.server_id)
    server = servers.get(conn, ctx.cell_id, ctx.server_id)
    if server is None:
        if more:
            raise Cancelled(f"Server {ctx.server_id} is gone.")
        return
    known = rescues.forgotten(server.system_metadata) | more
    servers.change(conn, server.id, system_metadata=known)


def boot_rescue(ctx: Ctx, _out: Out) -> Parked:
    """Let the host make the rescue disk and boot from it."""
    server = ctx.living()
    guest = guests.new_guest(ctx.cloud, server, (), ctx.order.password)
    return _send(ctx, "boot_rescue", server, guest)


def rescued(ctx: Ctx, _out: Out, answer: Answer) -> Done:
    """The guest runs from the rescue disk."""
    power = answer.result.get("power", int(PowerState.RUNNING))
    fields = {"power": power, "launched_at": ctx.cloud.clock.now()}
    return Done(write=lambda conn: servers.settle(conn, ctx.server_id, ctx.order.verb, **fields))


def boot_as_before(ctx: Ctx, _out: Out) -> Parked | None:
    """Let the host boot the guest as before; one that is down does so when it is back."""
    server = ctx.server()
    if server is None or not server.host or not ctx.is_up(server.host):
        return None
    return _send(ctx, "boot_rescue", _as_before(server), power_on=ctx.order.state == "active")


def boot_own(ctx: Ctx, _out: Out) -> Parked:
    """Let the host boot the guest from its own disks and remove the rescue disk."""
    return leave(ctx, "boot_own")


def leave(ctx: Ctx, step: str) -> Parked:
    """The order of that step to boot a rescued guest from its own disks."""
    return _send(ctx, step, _as_before(ctx.living()))


def unrescued(ctx: Ctx, _out: Out, answer: Answer) -> Done:
    """The guest runs from its own disks."""
    power = answer.result.get("power", int(PowerState.RUNNING))

    def write(conn: Any) -> None:
        servers.settle(conn, ctx.server_id, ctx.order.verb, power=power)
        _keep(ctx, conn, {})

    return Done(write=write)


def _as_before(server: Server) -> Server:
    known = rescues.forgotten(server.system_metadata)
    return msgspec.structs.replace(server, system_metadata=known)


def _send(
    ctx: Ctx, step: str, server: Server, guest: Guest | None = None, *, power_on: bool = True
) -> Parked:
    conf, host = ctx.cloud.conf, server.host or ""
    timeout_s = conf.shutdown_timeout
    check_patience(ctx, step, host, timeout_s + conf.conductor.build_timeout)
    known = rescues.of(server.system_metadata)
    order = ServerOrder(
        ticket=ctx.ticket(step),
        server_id=server.id,
        guest=guest or guests.guest_of(server, conf),
        image=known.image if known else None,
        timeout_s=timeout_s,
        power_on=power_on,
    )
    return Parked(name="change_disks", host=host, order=order)


RESCUE = Saga(
    name="rescue",
    order=RescueOrder,
    steps=(
        Step(name="fetch_image", do=fetch_image, then=fetched),
        Step(name="remember", do=remember, undo=forget),
        Step(
            name="boot_rescue",
            do=boot_rescue,
            then=rescued,
            undo=boot_as_before,
            event="compute_rescue_instance",
        ),
    ),
    failed=failed,
)

UNRESCUE = Saga(
    name="unrescue",
    order=VerbOrder,
    steps=(Step(name="boot_own", do=boot_own, then=unrescued, event="compute_unrescue_instance"),),
    failed=failed,
)
