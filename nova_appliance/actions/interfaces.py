# SPDX-License-Identifier: Apache-2.0
"""Ports join and leave servers; who attaches one waits until the guest has it."""

from __future__ import annotations

import secrets

from nova_appliance.actions import find_server, late_news, outcome, refresh_addresses
from nova_appliance.actions.begin import Wanted, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import AttachInterfaceOrder, DetachInterfaceOrder
from nova_appliance.clients.network_nouns import Network, Port
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext
from nova_appliance.domain import guest_data, states
from nova_appliance.domain.boot import NetworkRequest
from nova_appliance.domain.saga import SagaRow
from nova_appliance.domain.server import Server

ATTACH, DETACH, REFRESH = "attach interface", "detach interface", "injectNetworkInfo"
GONE = "port deleted"
_LEAST_INDEX, _INDICES = 1000, 1 << 30
"""Ports of a boot have small numbers; later ones a number that no other has."""


def attach(
    cloud: Cloud,
    context: RequestContext,
    server: Server,
    wanted: NetworkRequest,
    *,
    may_use_external: bool = False,
) -> tuple[Server, Port]:
    """Attach a port or a new one; the server and its port. Raises as `begin_attach`, Refused."""
    saga = begin_attach(cloud, context, server, wanted, may_use_external=may_use_external)
    done = outcome.of(cloud, saga)
    port = cloud.networks.get_port(done.results["join_port"]["port_id"])
    return find_server.by_id(cloud, server.id), port


def begin_attach(
    cloud: Cloud,
    context: RequestContext,
    server: Server,
    wanted: NetworkRequest,
    *,
    may_use_external: bool = False,
) -> SagaRow:
    """Begin to attach. Raises Conflict, NotFound, Invalid, Forbidden."""
    states.check_lock(server, ATTACH, is_admin=bool(context.is_admin))
    states.check(server, ATTACH)
    if wanted.port_id:
        _check_port(cloud, context, wanted.port_id)
    else:
        network = _network(cloud, context, wanted.network_id)
        if network.external and not network.shared and not may_use_external:
            raise errors.Forbidden(
                f"It is not allowed to create an interface on external network {network.id}"
            )
        wanted = NetworkRequest(network_id=network.id, fixed_ip=wanted.fixed_ip, tag=wanted.tag)
    index = _LEAST_INDEX + secrets.randbelow(_INDICES)
    order = AttachInterfaceOrder(verb=ATTACH, wanted=wanted, index=index)
    return begin(cloud, context, server, Wanted(verb=ATTACH, saga="attach_interface", order=order))


def detach(cloud: Cloud, context: RequestContext, server: Server, port_id: str) -> None:
    """Begin to take a port out. Raises Conflict, NotFound for a port of another."""
    states.check_lock(server, DETACH, is_admin=bool(context.is_admin))
    states.check(server, DETACH)
    found = cloud.networks.ports(id=port_id) if ids.is_id(port_id) else ()
    if not any(port.device_id == server.id for port in found):
        raise errors.NotFound(f"Port id {port_id} could not be found.")
    order = DetachInterfaceOrder(verb=DETACH, port_id=port_id)
    begin(cloud, context, server, Wanted(verb=DETACH, saga="detach_interface", order=order))


def forget(cloud: Cloud, context: RequestContext, server: Server, port_id: str) -> None:
    """Take a port that was deleted out of the guest, if the guest has it, now or when it is at rest."""
    for vif in guest_data.vifs_of(server):
        if vif.port_id != port_id:
            continue
        order = DetachInterfaceOrder(verb=GONE, port_id=port_id, vif=vif)
        wanted = Wanted(verb=GONE, saga="detach_interface", order=order)
        late_news.begin_or_keep(cloud, context, server, wanted)


def refresh(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Read what the network service says of the server again. Raises Conflict when locked."""
    states.check_lock(server, REFRESH, is_admin=bool(context.is_admin))
    states.check(server, REFRESH)
    refresh_addresses.refresh(cloud, server.id)


def _check_port(cloud: Cloud, context: RequestContext, port_id: str) -> None:
    port = cloud.networks.get_port(port_id)
    if not context.is_admin and port.project_id != context.project_id:
        raise errors.NotFound(f"Port id {port_id} could not be found.")
    if port.device_id:
        raise errors.Conflict(f"Port {port_id} is still in use.")
    if not port.fixed_ips:
        raise errors.Invalid(f"Port {port_id} requires a FixedIP in order to be used.")


def _network(cloud: Cloud, context: RequestContext, network_id: str | None) -> Network:
    wanted = None if network_id is None else [network_id]
    found = cloud.networks.usable(str(context.project_id), wanted, context)
    if network_id is not None:
        if not found:
            raise errors.NotFound(f"Network {network_id} could not be found.")
        if not found[0].subnet_ids:
            raise errors.Invalid(
                f"Network {network_id} requires a subnet in order to boot instances on."
            )
        return found[0]
    usable = [network for network in found if network.subnet_ids]
    if len(usable) != 1:
        raise errors.Invalid(
            "Specify the network: there is no single one that the project can use, but "
            f"{len(usable)}."
        )
    return usable[0]
