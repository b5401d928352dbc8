# SPDX-License-Identifier: Apache-2.0
"""A port joins a server, or leaves it: port, row and guest, one after the other.

Undone, the port is as it was before; one that the guest does not let go of stays.
"""

from __future__ import annotations

from typing import Any

from nova_appliance.actions.orders import AttachInterfaceOrder, DetachInterfaceOrder
from nova_appliance.clients.network_nouns import Port, PortWanted
from nova_appliance.conductor import guests, ports
from nova_appliance.conductor.saga import Cancelled, Ctx, Done, Out, Parked, Saga, Step, Write
from nova_appliance.conductor.sagas.boot import check_patience
from nova_appliance.conductor.sagas.suspension import not_interrupted as unchanged
from nova_appliance.db import servers
from nova_appliance.domain import own_ports
from nova_appliance.domain.guest import Vif
from nova_appliance.domain.saga import Answer
from nova_appliance.domain.server import Server
from nova_appliance.rpc.orders import ServerOrder


def join_port(ctx: Ctx, _out: Out) -> Done:
    """Make or take the port, bind it to the server's host, and remember it."""
    server, order = ctx.living(), ctx.order
    made = not order.wanted.port_id
    port = _make(ctx, server) if made else _take(ctx, server)
    vif = ctx.cloud.networks.vif(port)
    addresses = ctx.cloud.networks.addresses((port,))
    subnets = ctx.cloud.networks.subnets.of((port,)).get(port.id, ())

    def write(conn: Any) -> None:
        now = _locked(ctx, conn)
        known = ports.joined(now, vif, order.wanted.tag, subnets, made=made)
        others = tuple(one for one in now.addresses if one.port_id != port.id)
        fields = {"addresses": (*others, *addresses), "system_metadata": known}
        servers.change(conn, now.id, **fields)

    return Done(result={"port_id": port.id}, write=write)


def _make(ctx: Ctx, server: Server) -> Port:
    wanted, host, zone = ctx.order.wanted, server.host or "", server.zone or ""
    new = PortWanted(
        server_id=server.id,
        index=ctx.order.index,
        network_id=wanted.network_id,
        project_id=server.project_id,
        host=host,
        zone=zone,
        fixed_ip=wanted.fixed_ip,
    )
    port = ctx.cloud.networks.create_port(new)
    return port if port.host == host else _bind(ctx, port.id, server)


def _take(ctx: Ctx, server: Server) -> Port:
    return _bind(ctx, ctx.order.wanted.port_id, server)


def _bind(ctx: Ctx, port_id: str, server: Server) -> Port:
    return ctx.cloud.networks.bind_port(port_id, server.host or "", server.id, server.zone or "")


def part_port(ctx: Ctx, _out: Out) -> Done | None:
    """Delete the port that was made, or let go of the user's; forget it."""
    wanted, networks = ctx.order.wanted, ctx.cloud.networks
    if wanted.port_id:
        mine = [
            port for port in networks.ports(id=wanted.port_id) if port.device_id == ctx.server_id
        ]
        port_ids = [port.id for port in mine]
        for port_id in port_ids:
            networks.unbind_port(port_id)
    else:
        name = f"nova-nic-{ctx.order.index}"
        port_ids = [port.id for port in networks.ports(device_id=ctx.server_id, name=name)]
        for port_id in port_ids:
            networks.delete_port(port_id)
    return Done(write=_forget(ctx, port_ids))


def _forget(ctx: Ctx, port_ids: list[str]) -> Write:
    def write(conn: Any) -> None:
        for port_id in port_ids:
            if not servers.lock(conn, ctx.server_id):
                return
            now = servers.get(conn, ctx.cell_id, ctx.server_id)
            if now is None:
                return
            left = tuple(one for one in now.addresses if one.port_id != port_id)
            fields = {"addresses": left, "system_metadata": ports.without(now, port_id)}
            servers.change(conn, now.id, **fields)

    return write


def _locked(ctx: Ctx, conn: Any) -> Server:
    servers.lock(conn, ctx.server_id)
    server = servers.get(conn, ctx.cell_id, ctx.server_id)
    if server is None:
        raise Cancelled(f"Server {ctx.server_id} is gone.")
    return server


def plug(ctx: Ctx, out: Out) -> Parked | Done:
    """Let the host plug the port in; without a host the next start does."""
    server = ctx.living()
    vif = _vif_of(server, out["join_port"]["port_id"])
    return _send(ctx, "plug", "attach_interface", server, vif)


def plugged(_ctx: Ctx, _out: Out, _answer: Answer) -> dict[str, Any]:
    """The guest has the card."""
    return {}


def pull(ctx: Ctx, out: Out) -> Parked | Done | None:
    """Let the host take the card out again; one that is down has none at its next start."""
    server, joined = ctx.server(), out.get("join_port")
    vif = _vif_of(server, joined["port_id"]) if server and joined else None
    if server is None or vif is None or not server.host or not ctx.is_up(server.host):
        return None
    return _send(ctx, "plug", "detach_interface", server, vif)


def unplug(ctx: Ctx, _out: Out) -> Parked | Done:
    """Let the host take the card out of the guest; without a host no start plugs it in any more."""
    server = ctx.living()
    if server.host is None:
        made = ctx.order.port_id in own_ports.of(server)
        return Done(result={"made": made}, write=_forget(ctx, [ctx.order.port_id]))
    vif = _vif_of(server, ctx.order.port_id) or ctx.order.vif
    return _send(ctx, "unplug", "detach_interface", server, vif)


def unplugged(ctx: Ctx, _out: Out, _answer: Answer) -> Done:
    """The guest has let go; from now on no start plugs the port in."""
    made = ctx.order.port_id in own_ports.of(ctx.living())
    return Done(result={"made": made}, write=_forget(ctx, [ctx.order.port_id]))


def give_port_back(ctx: Ctx, out: Out) -> None:
    """Delete the port if Nova made it, else let go of it."""
    if out["unplug"]["made"]:
        ctx.cloud.networks.delete_port(ctx.order.port_id)
    else:
        ctx.cloud.networks.unbind_port(ctx.order.port_id)


def _vif_of(server: Server, port_id: str) -> Vif | None:
    found = (vif for vif in ports.vifs_of(server) if vif.port_id == port_id)
    return next((ports.vif_of(server, vif) for vif in found), None)


def _send(ctx: Ctx, step: str, name: str, server: Server, vif: Vif | None) -> Parked | Done:
    conf = ctx.cloud.conf
    if server.host is None or vif is None:
        return Done(result={"made": False})
    check_patience(ctx, step, server.host, conf.conductor.build_timeout)
    order = ServerOrder(
        ticket=ctx.ticket(step),
        server_id=server.id,
        guest=guests.guest_of(server, conf),
        vif=vif,
    )
    return Parked(name=name, host=server.host, order=order)


ATTACH_INTERFACE = Saga(
    name="attach_interface",
    order=AttachInterfaceOrder,
    steps=(
        Step(name="join_port", do=join_port, undo=part_port),
        Step(name="plug", do=plug, then=plugged, undo=pull, event="compute_attach_interface"),
    ),
    failed=unchanged,
)

DETACH_INTERFACE = Saga(
    name="detach_interface",
    order=DetachInterfaceOrder,
    steps=(
        Step(name="unplug", do=unplug, then=unplugged, event="compute_detach_interface"),
        Step(name="give_port_back", do=give_port_back, no_way_back=True),
    ),
    failed=unchanged,
)
