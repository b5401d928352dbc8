# SPDX-License-Identifier: Apache-2.0
"""A new server: a host, its place in that host's cell, ports, the guest, and it is open."""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.actions.orders import BootOrder
from nova_appliance.common import errors
from nova_appliance.conductor import (
    attachments,
    guests,
    host_choice,
    new_volumes,
    port_watch,
    ports,
)
from nova_appliance.conductor.relocate import relocate
from nova_appliance.conductor.saga import (
    CUT_OFF,
    Cancelled,
    Ctx,
    Done,
    HostFailed,
    Out,
    Parked,
    Saga,
    Step,
    Write,
)
from nova_appliance.db import hosts, servers
from nova_appliance.db.cells import CELL0
from nova_appliance.domain.guest import PowerState
from nova_appliance.domain.saga import Answer, SagaError
from nova_appliance.domain.server import Fault
from nova_appliance.rpc.orders import ServerOrder

VERB = "create"


def choose_host(ctx: Ctx, _out: Out) -> dict[str, Any]:
    """Ask the scheduler, which claims."""
    server, order = ctx.living(), ctx.order
    chosen = host_choice.choose(ctx, server, server.flavor, zone=order.zone, node=order.node)
    return host_choice.facts(chosen)


def leave_host(ctx: Ctx, out: Out) -> None:
    """Give the claims back, and remember a host that failed."""
    chosen, error = out["choose_host"], ctx.saga.error
    failed = chosen is not None and error is not None and error.retryable

    def work(conn: Any) -> None:
        hosts.release(conn, ctx.server_id)
        if failed:
            hosts.build_failed(conn, chosen["host_id"])

    ctx.cloud.cells.api.transact(work)


def place(ctx: Ctx, out: Out) -> dict[str, Any]:
    """Move the server's row to the cell of its host."""
    chosen = out["choose_host"]
    fields = {
        "host": chosen["host"],
        "node": chosen["node"],
        "launched_on": chosen["host"],
        "zone": chosen["zone"],
    }
    relocate(ctx, CELL0, chosen["cell_id"], _advance(ctx, "networking", **fields))
    return {"cell_id": chosen["cell_id"]}


def take_back(ctx: Ctx, out: Out) -> None:
    """Move the server's row to cell0 again."""
    gone = {"host": None, "node": None, "launched_on": None, "zone": ctx.order.zone}

    def adjust(conn: Any) -> None:
        servers.change(conn, ctx.server_id, **gone)
        servers.advance(conn, ctx.server_id, VERB, "scheduling")

    try:
        relocate(ctx, out["choose_host"]["cell_id"], CELL0, adjust)
    except Cancelled:
        return


def make_ports(ctx: Ctx, _out: Out) -> Done:
    """Make the ports that networks were asked for, and bind all to the host."""
    server = ctx.living()
    plugged = ports.plug(ctx.cloud.networks, server, ctx.order.networks, ctx.order.security_groups)
    known = {**server.system_metadata, **plugged.remembered()}
    write = _advance(ctx, new_volumes.TASK, addresses=plugged.addresses, system_metadata=known)
    return Done(result={"made": plugged.made}, write=write)


def remove_ports(ctx: Ctx, _out: Out) -> Done:
    """Delete the ports that were made, let go of the others."""
    given = {wanted.port_id for wanted in ctx.order.networks if wanted.port_id}
    ports.unplug(ctx.cloud.networks, ctx.server_id, keep=given)
    server = ctx.server()
    known = ports.forgotten(server.system_metadata) if server else {}
    return Done(
        write=lambda conn: servers.change(conn, ctx.server_id, addresses=(), system_metadata=known)
    )


def build(ctx: Ctx, out: Out) -> Parked:
    """Let the host build the guest."""
    host = out["choose_host"]["host"]
    check_patience(ctx, "build", host, ctx.cloud.conf.conductor.build_timeout)
    server = ctx.living()
    order = ServerOrder(
        ticket=ctx.ticket("build"),
        server_id=server.id,
        guest=guests.new_guest(ctx.cloud, server, ctx.order.files, ctx.order.password),
        image=server.image,
    )
    return Parked(name="build", host=host, order=order)


def check_patience(ctx: Ctx, step: str, host: str, limit_s: float) -> None:
    """Raise HostFailed when an order is to be sent again to a host that is down or silent.

    Raises Unavailable, which is waited out, when all hosts fell silent at once.
    """
    if ctx.saga.parked != step and not ctx.saga.failures:
        return
    if not ctx.is_up(host):
        if ctx.is_alone(host):
            raise errors.Unavailable(CUT_OFF)
        raise HostFailed(f"Host {host} went down.", host, retryable=True)
    check_answers(ctx, host, limit_s)


def check_answers(ctx: Ctx, host: str, limit_s: float) -> None:
    """Raise HostFailed when a host that is up has been asked for that long in vain."""
    if ctx.saga.failures * ctx.cloud.conf.conductor.order_timeout >= limit_s:
        raise HostFailed(f"Host {host} did not answer in {limit_s} s.", host, retryable=True)


def built(ctx: Ctx, _out: Out, answer: Answer) -> Done:
    """The guest runs; how the host reaches its volumes is remembered."""
    power = answer.result.get("power", int(PowerState.RUNNING))
    ways = answer.result.get("connections")
    write = attachments.connected(ctx, ways) if ways else None
    return Done(result={"power": power, "built_at": port_watch.stamp(ctx)}, write=write)


def tear_down(ctx: Ctx, out: Out) -> Parked | None:
    """Let the host remove the guest; a host that is down does so when it is back."""
    host = out["choose_host"]["host"]
    if not ctx.is_up(host):
        return None
    server = ctx.server()
    guest = guests.guest_of(server, ctx.cloud.conf) if server else None
    order = ServerOrder(ticket=ctx.ticket("build"), server_id=ctx.server_id, guest=guest)
    return Parked(name="destroy", host=host, order=order)


def open_for_business(ctx: Ctx, out: Out) -> Done:
    """The server is active."""
    ctx.cloud.cells.api.transact(lambda conn: hosts.settle(conn, ctx.server_id))
    fields = {"power": out["build"]["power"], "launched_at": ctx.cloud.clock.now(), "progress": 0}

    def write(conn: Any) -> None:
        if servers.settle(conn, ctx.server_id, VERB, **fields):
            return
        server = servers.get(conn, ctx.cell_id, ctx.server_id)
        if server is None or server.launched_at is None:
            raise Cancelled("The server is wanted for something else.")
        # it was opened before by a conductor that died before it could say so: it is in use

    return Done(write=write)


def failed(ctx: Ctx, error: SagaError) -> Write:
    """The server stays in cell0, with a fault that says why."""
    fault = Fault(
        code=500,
        message=error.message,
        created_at=ctx.cloud.clock.now(),
        details=error.details,
    )
    return lambda conn: servers.give_up(conn, ctx.server_id, VERB, fault)


def learn(ctx: Ctx, out: Out, error: SagaError) -> BootOrder:
    """Another attempt leaves the host out that failed."""
    order: BootOrder = ctx.order
    chosen = out.get("choose_host")
    if not chosen:
        return order
    tried = (*order.tried, chosen["host_id"])
    return msgspec.structs.replace(order, tried=tried, said=(*order.said, error.message))


def _advance(ctx: Ctx, task: str, **fields: Any) -> Write:
    def write(conn: Any) -> None:
        if not servers.advance(conn, ctx.server_id, VERB, task, **fields):
            raise Cancelled("The server is wanted for something else.")

    return write


BOOT = Saga(
    name="boot",
    order=BootOrder,
    steps=(
        Step(name="choose_host", do=choose_host, undo=leave_host),
        Step(name="place", do=place, undo=take_back),
        Step(name="make_ports", do=make_ports, undo=remove_ports),
        Step(name="make_volumes", do=new_volumes.make, undo=new_volumes.unmake),
        Step(
            name="build",
            do=build,
            then=built,
            undo=tear_down,
            event="compute__do_build_and_run_instance",
        ),
        Step(name="await_ports", do=port_watch.await_ports),
        Step(name="open_for_business", do=open_for_business),
    ),
    failed=failed,
    learn=learn,
)
