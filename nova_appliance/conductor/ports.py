# SPDX-License-Identifier: Apache-2.0
"""The ports of a server: made or taken, bound to its host, remembered in its row, given back."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence

import msgspec

from nova_appliance.clients.network_nouns import Port, PortWanted
from nova_appliance.clients.networks import Networks
from nova_appliance.common import errors
from nova_appliance.domain import guest_data, hardware, interface_tags, own_ports, root_image
from nova_appliance.domain.boot import NetworkRequest
from nova_appliance.domain.guest import Vif
from nova_appliance.domain.guest_data import SUBNETS, VIFS, Subnet, subnets_of
from nova_appliance.domain.server import Address, Server

LOG = logging.getLogger(__name__)

vifs_of = guest_data.vifs_of
"""The interfaces that a server's row remembers."""
_KEYS = frozenset((VIFS, SUBNETS, own_ports.KEY, interface_tags.KEY))


class Plugged(msgspec.Struct, frozen=True, kw_only=True):
    """The interfaces of a server on its host."""

    made: tuple[str, ...]
    vifs: tuple[Vif, ...]
    addresses: tuple[Address, ...]
    tags: dict[str, str] = {}
    """Port > tag."""
    subnets: dict[str, tuple[Subnet, ...]] = {}
    """Port > the subnets of its addresses."""

    def remembered(self) -> dict[str, str]:
        """What the server's row keeps."""
        return _memory(self.made, self.vifs, self.tags, self.subnets)


def plug(
    networks: Networks,
    server: Server,
    wanted: Sequence[NetworkRequest],
    security_groups: tuple[str, ...],
) -> Plugged:
    """Make or take each port and bind it to the server's host; done again, it finds them."""
    bound: list[Port] = []
    made: list[str] = []
    host, zone = server.host or "", server.zone or ""
    for index, request in enumerate(wanted):
        if request.port_id:
            bound.append(networks.bind_port(request.port_id, host, server.id, zone))
            continue
        new = PortWanted(
            server_id=server.id,
            index=index,
            network_id=request.network_id or "",
            project_id=server.project_id,
            host=host,
            zone=zone,
            fixed_ip=request.fixed_ip,
            security_groups=security_groups,
        )
        port = networks.create_port(new)
        if port.host != host:
            port = networks.bind_port(port.id, host, server.id, zone)
        bound.append(port)
        made.append(port.id)
    return Plugged(
        made=tuple(made),
        vifs=tuple(networks.vif(port) for port in bound),
        addresses=networks.addresses(bound),
        tags={p.id: one.tag for p, one in zip(bound, wanted, strict=True) if one.tag},
        subnets=networks.subnets.of(bound),
    )


def rebind(networks: Networks, server: Server, host: str, zone: str) -> tuple[Vif, ...]:
    """Bind the server's ports to a host; how they are plugged in there. Raises PortNotBound.

    A port that was deleted meanwhile is left out, or no move could end, nor go back.
    """
    moved = []
    for vif in vifs_of(server):
        try:
            there = networks.vif(networks.bind_port(vif.port_id, host, server.id, zone))
        except errors.NotFound:
            LOG.warning("server %s: port %s is gone", server.id, vif.port_id)
            continue
        moved.append(
            msgspec.structs.replace(vif, kind=there.kind, bridge=there.bridge, mtu=there.mtu)
        )
    return tuple(moved)


def remember(server: Server, vifs: Sequence[Vif]) -> dict[str, str]:
    """The row's memory with these interfaces."""
    return {**server.system_metadata, VIFS: msgspec.json.encode(vifs).decode()}


def vif_of(server: Server, vif: Vif) -> Vif:
    """An interface with the card that the image wants and the limits that the flavor sets."""
    flavor, image = server.flavor, root_image.of(server)
    properties = image.properties if image else {}
    wanted = hardware.read(flavor.extra_specs, properties, flavor.vcpus, flavor.memory_mib)
    return msgspec.structs.replace(vif, model=wanted.vif_model, limits=wanted.vif_limits)


def unplug(networks: Networks, server_id: str, keep: Collection[str]) -> None:
    """Give up all ports of a server: those in `keep` are let go, the others deleted."""
    for port in networks.ports(device_id=server_id):
        if port.id in keep:
            networks.unbind_port(port.id)
        else:
            networks.delete_port(port.id)


def joined(
    server: Server, vif: Vif, tag: str | None, subnets: tuple[Subnet, ...], *, made: bool
) -> dict[str, str]:
    """The row's memory with one more interface; fine if it knows it."""
    kept = without(server, vif.port_id)
    rest = msgspec.structs.replace(server, system_metadata=kept)
    ports_made = sorted({*own_ports.of(rest), *([vif.port_id] if made else [])})
    tags = interface_tags.of(kept) | ({vif.port_id: tag} if tag else {})
    known = {**subnets_of(rest), vif.port_id: subnets}
    return {**kept, **_memory(tuple(ports_made), (*vifs_of(rest), vif), tags, known)}


def replugged(server: Server, vifs: tuple[Vif, ...]) -> dict[str, str]:
    """The row's memory of the same ports on another host; those that are gone are forgotten."""
    there = {vif.port_id for vif in vifs}
    tags = interface_tags.of(server.system_metadata)
    kept = {port: tag for port, tag in tags.items() if port in there}
    known = {port: own for port, own in subnets_of(server).items() if port in there}
    made = tuple(sorted(own_ports.of(server) & there))
    return {**forgotten(server.system_metadata), **_memory(made, vifs, kept, known)}


def without(server: Server, port_id: str) -> dict[str, str]:
    """The row's memory without one of its interfaces; fine if it does not know it."""
    vifs = tuple(vif for vif in vifs_of(server) if vif.port_id != port_id)
    made = tuple(sorted(own_ports.of(server) - {port_id}))
    tags = interface_tags.of(server.system_metadata)
    tags.pop(port_id, None)
    subnets = {port: own for port, own in subnets_of(server).items() if port != port_id}
    return {**forgotten(server.system_metadata), **_memory(made, vifs, tags, subnets)}


def _memory(
    made: tuple[str, ...],
    vifs: tuple[Vif, ...],
    tags: Mapping[str, str],
    subnets: Mapping[str, tuple[Subnet, ...]],
) -> dict[str, str]:
    return {
        VIFS: msgspec.json.encode(vifs).decode(),
        SUBNETS: msgspec.json.encode(subnets).decode(),
        own_ports.KEY: msgspec.json.encode(made).decode(),
        **interface_tags.remembered(tags),
    }


def forgotten(system_metadata: Mapping[str, str]) -> dict[str, str]:
    """The row's memory without the ports."""
    return {key: value for key, value in system_metadata.items() if key not in _KEYS}
