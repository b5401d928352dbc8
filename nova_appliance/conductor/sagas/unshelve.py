# SPDX-License-Identifier: Apache-2.0
"""A server comes back from the shelf, to a host that the scheduler finds.

Undone, it is on the shelf as before.
"""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec

from nova_appliance.actions.orders import UnshelveOrder
from nova_appliance.conductor import attachments, guests, host_choice, ports
from nova_appliance.conductor.relocate import relocate
from nova_appliance.conductor.saga import Cancelled, Ctx, Done, Out, Parked, Saga, Step
from nova_appliance.conductor.sagas import boot
from nova_appliance.conductor.sagas.power import failed
from nova_appliance.conductor.sagas.take_down import discard, image_of, settle
from nova_appliance.db import hosts, servers
from nova_appliance.domain.saga import SagaError
from nova_appliance.rpc.orders import ServerOrder


def choose_host(ctx: Ctx, _out: Out) -> dict[str, Any]:
    """Ask the scheduler, which claims; the cell where the row is now is remembered."""
    server = ctx.living()
    chosen = host_choice.choose(ctx, server, server.flavor, zone=ctx.order.zone)
    return host_choice.facts(chosen) | {"from_cell": ctx.cell_id}


def place(ctx: Ctx, out: Out) -> dict[str, Any]:
    """Move the server's row to the cell of its host."""
    chosen, verb = out["choose_host"], ctx.order.verb
    fields = {
        "host": chosen["host"],
        "node": chosen["node"],
        "launched_on": chosen["host"],
        "zone": chosen["zone"],
    }

    def adjust(conn: Any) -> None:
        if not servers.advance(conn, ctx.server_id, verb, "spawning", **fields):
            raise Cancelled("The server is wanted for something else.")

    relocate(ctx, chosen["from_cell"], chosen["cell_id"], adjust)
    return {}


def take_back(ctx: Ctx, out: Out) -> None:
    """Move the server's row to where it was, without a host."""
    chosen = out["choose_host"]

    def adjust(conn: Any) -> None:
        server = servers.get(conn, chosen["from_cell"], ctx.server_id)
        zone = server.pinned_zone if server else None
        servers.change(conn, ctx.server_id, host=None, node=None, zone=zone)
        servers.advance(conn, ctx.server_id, ctx.order.verb, "unshelving")

    with contextlib.suppress(Cancelled):
        relocate(ctx, chosen["cell_id"], chosen["from_cell"], adjust)


def bind_ports(ctx: Ctx, _out: Out) -> Done:
    """Bind the server's ports to its new host."""
    server, networks = ctx.living(), ctx.cloud.networks
    there = {port.id for port in networks.ports(device_id=server.id)}
    known = [vif.port_id for vif in ports.vifs_of(server) if vif.port_id in there]
    bound = [
        networks.bind_port(port_id, server.host or "", server.id, server.zone or "")
        for port_id in known
    ]
    vifs = tuple(networks.vif(port) for port in bound)
    addresses = networks.addresses(bound)

    def write(conn: Any) -> None:
        servers.lock(conn, ctx.server_id)
        now = servers.get(conn, ctx.cell_id, ctx.server_id)
        if now is not None:
            memory = ports.replugged(now, vifs)
            servers.change(conn, now.id, addresses=addresses, system_metadata=memory)

    return Done(write=write)


def release(ctx: Ctx, _out: Out) -> Done | None:
    """Take the ports from the host again; the next host asks anew how it reaches the volumes."""
    for port in ctx.cloud.networks.ports(device_id=ctx.server_id):
        ctx.cloud.networks.unbind_port(port.id, keep_server=True)
    server = ctx.server()
    held = server is not None and any(one.is_volume for one in server.attachments)
    return Done(write=attachments.renew(ctx, server)) if server and held else None


def build(ctx: Ctx, out: Out) -> Parked:
    """Let the host build the guest, its root disk from the shelf's image if it is no volume."""
    host = out["choose_host"]["host"]
    boot.check_patience(ctx, "build", host, ctx.cloud.conf.conductor.build_timeout)
    server = ctx.living()
    order = ServerOrder(
        ticket=ctx.ticket("build"),
        server_id=server.id,
        guest=guests.new_guest(ctx.cloud, server),
        image=image_of(ctx, server),
    )
    return Parked(name="build", host=host, order=order)


def open_again(ctx: Ctx, out: Out) -> Done:
    """The server is active; the shelf's image has served."""
    ctx.cloud.cells.api.transact(lambda conn: hosts.settle(conn, ctx.server_id))
    power, verb = out["build"]["power"], ctx.order.verb
    fields = {"power": power, "launched_at": ctx.cloud.clock.now(), "pinned_zone": ctx.order.zone}
    discard(ctx, ctx.living())

    def write(conn: Any) -> None:
        settle(ctx, conn, verb, fields, came_back=True)

    return Done(write=write)


def learn(ctx: Ctx, out: Out, error: SagaError) -> UnshelveOrder:
    """Another attempt leaves the host out that failed."""
    order: UnshelveOrder = ctx.order
    chosen = out.get("choose_host")
    if not chosen:
        return order
    tried = (*order.tried, chosen["host_id"])
    return msgspec.structs.replace(order, tried=tried, said=(*order.said, error.message))


UNSHELVE = Saga(
    name="unshelve",
    order=UnshelveOrder,
    steps=(
        Step(name="choose_host", do=choose_host, undo=boot.leave_host),
        Step(name="place", do=place, undo=take_back),
        Step(name="bind_ports", do=bind_ports, undo=release),
        Step(
            name="build",
            do=build,
            then=boot.built,
            undo=boot.tear_down,
            event="compute_unshelve_instance",
        ),
        Step(name="open_again", do=open_again),
    ),
    failed=failed,
    learn=learn,
)
