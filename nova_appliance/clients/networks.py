# SPDX-License-Identifier: Apache-2.0
"""Networks in Neutron's v2.0 dialect: which a project may use, and the ports of servers.

Each call may be done twice: making a port again finds the first, removing may find nothing.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from keystoneauth1.session import Session
from oslo_config import cfg

from nova_appliance.clients import network_nouns as nouns
from nova_appliance.clients import session, subnets, topologies
from nova_appliance.clients.network_nouns import Network, Port, PortWanted, SecurityGroup
from nova_appliance.clients.network_rows import NetworkRows
from nova_appliance.clients.neutron import Neutron
from nova_appliance.common import clock, errors
from nova_appliance.common.context import RequestContext
from nova_appliance.domain.guest import Vif
from nova_appliance.domain.server import Address

KEEP_S = 20.0
"""How long names and MTUs of networks are remembered."""
UNDECIDED = ("", "unbound")
"""What the network service says of a port without a host, and of one that it is binding."""
BINDS_S = 10
"""How long a busy network service may tell of a port that it is binding to its host as unbound."""


class PortNotBound(errors.Refused):
    """No agent of the network service could plug this port on its host."""

    def __init__(self, port: Port) -> None:
        self.port = port
        super().__init__(
            f"Port {port.id} cannot be plugged on host {port.host or 'none'}:"
            f" the network service says {port.vif_type or 'unbound'}."
        )


class Networks:
    """The network service; safe for threads."""

    def __init__(
        self, door: Session, conf: cfg.ConfigOpts, clocks: clock.Clock = clock.SYSTEM
    ) -> None:
        self._neutron = Neutron(door, conf)
        self.doubt = self._neutron.doubt
        self.rows = NetworkRows(door, conf)
        self.subnets = subnets.Subnets(self._neutron, clocks)
        self.topologies = topologies.Topologies(self._neutron)
        self._clock = clocks
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Network]] = {}

    def usable(
        self,
        project_id: str,
        ids: Sequence[str] | None = None,
        context: RequestContext | None = None,
    ) -> tuple[Network, ...]:
        """Networks that servers of the project may join, own ones first; of `ids`, in that order.

        A caller's token lets the network service decide (it knows networks shared with some only).
        """
        with_token = context is not None and bool(context.auth_token)
        if ids is not None:
            asker = context if with_token else None
            found = {n.id: n for n in self._networks({"id": list(dict.fromkeys(ids))}, asker)}
            known = [found[i] for i in dict.fromkeys(ids) if i in found]
            return tuple(n for n in known if with_token or _may_use(n, project_id))
        own = self._networks({"tenant_id": project_id, "shared": False, "admin_state_up": True})
        shared = self._networks({"shared": True, "admin_state_up": True}, context)
        both = {network.id: network for network in (*own, *shared)}
        return tuple(network for network in both.values() if not network.external)

    def get(self, network_id: str, context: RequestContext | None = None) -> Network:
        """The network; raises NotFound when there is none for this caller."""
        return nouns.network(self._neutron.row("network", network_id, context))

    def ports(self, **filters: Any) -> tuple[Port, ...]:
        """Ports by Neutron's filters (device_id, network_id, id, ...); a list means any of it."""
        return tuple(nouns.port(raw) for raw in self._neutron.rows("ports", filters))

    def get_port(self, port_id: str, context: RequestContext | None = None) -> Port:
        """The port; raises NotFound."""
        return nouns.port(self._neutron.row("port", port_id, context))

    def create_port(self, wanted: PortWanted) -> Port:
        """Make a port for a server, or find the one that was made for it before.

        Its MAC is computed from server and index, so that the network service itself refuses a
        second one. Raises Conflict (no address left, address in use), OverQuota, Invalid, NotFound.
        """
        body = _new_port(wanted)
        try:
            return nouns.port(self._neutron.make("port", body))
        except errors.OverQuota:
            raise
        except errors.Conflict as error:
            made = self._made_before(wanted)
            if made is not None:
                return made
            if session.error_type(error) != "MacAddressInUse":
                raise
        del body["mac_address"]
        return nouns.port(self._neutron.make("port", body))

    def bind_port(self, port_id: str, host: str, server_id: str, zone: str) -> Port:
        """Give the port to the server and bind it to the host; raises Conflict, PortNotBound."""
        port = self.get_port(port_id)
        if port.device_id not in ("", server_id):
            raise errors.Conflict(f"Port {port_id} is still in use.")
        owner = {"device_id": server_id, "device_owner": f"compute:{zone}"}
        bound = self._neutron.change("port", port_id, owner | {"binding:host_id": host})
        return _settled(self._neutron, self._clock, nouns.port(bound))

    def unbind_port(self, port_id: str, *, keep_server: bool = False) -> None:
        """Take a port from its host, and from its server unless it is kept; none there is fine."""
        owner = {} if keep_server else {"device_id": "", "device_owner": ""}
        free = {**owner, "binding:host_id": ""}
        try:
            self._neutron.change("port", port_id, free)
        except errors.NotFound:
            return

    def delete_port(self, port_id: str) -> None:
        """Delete a port; nothing there is fine."""
        try:
            self._neutron.remove("port", port_id)
        except errors.NotFound:
            return

    def security_groups(
        self, project_id: str, names_or_ids: Iterable[str]
    ) -> tuple[SecurityGroup, ...]:
        """The project's groups of these names or ids, in that order.

        Raises Invalid for one that is not there, Conflict for a name that several groups have.
        """
        asked = tuple(dict.fromkeys(names_or_ids))
        if not asked:
            return ()
        raws = self._neutron.rows("security-groups", {"tenant_id": project_id})
        mine = tuple(nouns.security_group(raw) for raw in raws)
        return tuple(_group(name, mine, project_id) for name in asked)

    def addresses(self, ports: Sequence[Port]) -> tuple[Address, ...]:
        """Addresses of the ports, each fixed one followed by its floating one."""
        if not ports:
            return ()
        named = self._remembered({port.network_id for port in ports})
        pairs = self._neutron.rows("floatingips", {"port_id": [port.id for port in ports]})
        floating = {(raw["port_id"], raw["fixed_ip_address"]): raw for raw in pairs}
        return tuple(
            address
            for port in ports
            if port.network_id in named
            for address in _addresses(port, named[port.network_id], floating)
        )

    def vif(self, port: Port) -> Vif:
        """What a driver must know to plug the port; raises PortNotBound."""
        settled = _settled(self._neutron, self._clock, port)
        network = self._remembered({port.network_id}).get(port.network_id)
        bridge = str(settled.vif_details.get("bridge_name") or "")
        if not bridge and settled.vif_type == "bridge":
            bridge = "brq" + port.network_id[:11]
        mtu = network.mtu if network else 1500
        return Vif(port_id=port.id, mac=port.mac, kind=settled.vif_type, bridge=bridge, mtu=mtu)

    def _remembered(self, network_ids: Collection[str]) -> dict[str, Network]:
        oldest = self._clock.monotonic() - KEEP_S
        with self._lock:
            known = {i: self._known[i] for i in network_ids if i in self._known}
        fresh = {i: network for i, (at, network) in known.items() if at >= oldest}
        missing = [i for i in network_ids if i not in fresh]
        read = self._networks({"id": missing}) if missing else ()
        now = self._clock.monotonic()
        with self._lock:
            self._known.update({network.id: (now, network) for network in read})
        return fresh | {network.id: network for network in read}

    def _networks(
        self, filters: dict[str, Any], context: RequestContext | None = None
    ) -> tuple[Network, ...]:
        return tuple(nouns.network(raw) for raw in self._neutron.rows("networks", filters, context))

    def _made_before(self, wanted: PortWanted) -> Port | None:
        found = self.ports(device_id=wanted.server_id, network_id=wanted.network_id)
        named = (port for port in found if port.name == _port_name(wanted))
        return min(named, key=lambda port: port.id, default=None)


def made_for_server(port: Port) -> bool:
    """Whether Nova itself made this port for the server that it names: its MAC says so."""
    prefix, _, index = port.name.rpartition("-")
    named = prefix == "nova-nic" and index.isdigit() and port.device_owner.startswith("compute:")
    return named and port.mac == mac_of(port.device_id, int(index))


def _new_port(wanted: PortWanted) -> dict[str, Any]:
    body: dict[str, Any] = {
        "network_id": wanted.network_id,
        "project_id": wanted.project_id,
        "name": _port_name(wanted),
        "admin_state_up": True,
        "device_id": wanted.server_id,
        "device_owner": f"compute:{wanted.zone}",
        "mac_address": mac_of(wanted.server_id, wanted.index),
    }
    if wanted.host:
        body["binding:host_id"] = wanted.host
    if wanted.fixed_ip:
        body["fixed_ips"] = [{"ip_address": wanted.fixed_ip}]
    if wanted.security_groups:
        body["security_groups"] = list(wanted.security_groups)
    return body


def _port_name(wanted: PortWanted) -> str:
    return f"nova-nic-{wanted.index}"


def mac_of(server_id: str, index: int) -> str:
    """The MAC of a server's interface."""
    digest = hashlib.sha256(f"{server_id}/{index}".encode()).digest()
    return "fa:16:3e:" + digest[:3].hex(":")


def _settled(neutron: Neutron, clocks: clock.Clock, port: Port) -> Port:
    """The port when its binding is decided; raises PortNotBound."""
    for _ in range(BINDS_S):
        if not port.host or port.vif_type not in UNDECIDED:
            break
        clocks.sleep(1)
        port = nouns.port(neutron.row("port", port.id))
    if port.vif_type in (*UNDECIDED, "binding_failed"):
        raise PortNotBound(port)
    return port


def _may_use(network: Network, project_id: str) -> bool:
    return network.shared or network.project_id == project_id


def _group(name: str, mine: Sequence[SecurityGroup], project_id: str) -> SecurityGroup:
    by_id = [group for group in mine if group.id == name]
    found = by_id or [group for group in mine if group.name == name]
    if not found:
        raise errors.Invalid(f"Security group {name} not found for project {project_id}.")
    if len(found) > 1:
        raise errors.Conflict(
            f"Multiple security groups found matching '{name}'. Use an ID to be more specific."
        )
    return found[0]


def _addresses(
    port: Port, network: Network, floating: dict[tuple[str, str], dict[str, Any]]
) -> Iterator[Address]:
    def address(text: str, kind: str) -> Address:
        return Address(
            network=network.name,
            address=text,
            version=6 if ":" in text else 4,
            mac=port.mac,
            kind=kind,
            port_id=port.id,
            network_id=network.id,
        )

    for ip in port.fixed_ips:
        yield address(ip.address, "fixed")
        pair = floating.get((port.id, ip.address))
        if pair:
            yield address(pair["floating_ip_address"], "floating")
