# SPDX-License-Identifier: Apache-2.0
"""One pass over the machine: bridges, namespaces, cables, DHCP, filters, translation, port statuses.

What was found right is not looked at again until it should change, or the pass is a deep one.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from nova_appliance.common.run import ProgramFailed, run
from nova_appliance.embedded.networks.plane import (
    dhcp_service,
    firewall,
    links,
    names,
    namespaces,
    nat,
    nft,
    owned,
    statuses,
)
from nova_appliance.embedded.networks.plane.doors import Doors, doors_of
from nova_appliance.embedded.networks.plane.links import Link
from nova_appliance.embedded.networks.plane.metadata_proxy import MetadataProxy
from nova_appliance.embedded.networks.plane.nft import Table
from nova_appliance.embedded.networks.plane.wanted import Bridge, Cable, Dhcp, Router, Wanted
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.store import Store

LOG = logging.getLogger(__name__)
_BRIDGE_NETFILTER = Path("/proc/sys/net/bridge")


class Machine:
    """What this process knows to be right on the machine, and the hands that make it so."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self.doors = Doors(MetadataProxy(settings, store).serve)
        self._right: dict[str, Any] = {}
        self._tables: dict[str, Table] = {}
        self._leases: dict[str, Dhcp] = {}
        self._clean = True

    def keep(self, wanted: Wanted, *, deep: bool) -> bool:
        """Make everything as wanted; one failure does not keep the rest from being done."""
        self._clean = True
        if deep:
            self._right.clear()
            self._try("tables", self._forget_lost_tables)
        self._once("netfilter", "loaded", _load_bridge_netfilter)
        machine = links.read() if _needs_links(self._right, wanted) else {}
        self._bridges(wanted, machine)
        self._firewall(wanted)
        for dhcp in wanted.dhcps:
            key = "dhcp " + dhcp.namespace
            self._once(key, _joint(dhcp), partial(self._plug_dhcp, dhcp, machine))
            self._serve_dhcp(dhcp, deep=deep)
        for router in wanted.routers:
            key = "router " + router.namespace
            self._once(key, router, partial(self._router, router, machine))
        self._clean = self.doors.keep(doors_of(wanted)) and self._clean
        self._remove_unwanted(wanted)
        self._try("statuses", lambda: statuses.keep(self._store))
        return self._clean

    def leave(self) -> None:
        """Take away the tables and settings that belong to no single network."""
        for path in (f"bridge {names.FILTER}", f"inet {names.FILTER}"):
            nft.delete(path)
        nat.stop_forwarding(self._settings)
        self._tables.clear()
        self._leases.clear()

    def _forget_lost_tables(self) -> None:
        present = nft.tables()
        self._tables = {key: one for key, one in self._tables.items() if one.path in present}

    def _serve_dhcp(self, dhcp: Dhcp, *, deep: bool) -> None:
        """Only what changed since the last pass: a network may have thousands of ports."""
        changed = self._leases.get(dhcp.network_id) != dhcp
        running = dhcp_service.is_running(self._settings, dhcp.network_id)
        if running and not changed and not deep:
            return
        keep = partial(dhcp_service.keep, self._settings, dhcp, reread=changed)
        if self._try("dhcp " + dhcp.namespace, keep):
            self._leases[dhcp.network_id] = dhcp
        else:
            self._leases.pop(dhcp.network_id, None)

    def _once(self, key: str, wanted: Any, do: Callable[[], None]) -> None:
        """Do it unless just this was done before."""
        if self._right.get(key) != wanted and self._try(key, do):
            self._right[key] = wanted

    def _try(self, key: str, do: Callable[[], None]) -> bool:
        try:
            do()
        except (ProgramFailed, OSError, KeyError) as error:
            LOG.warning("networks: %s is not right yet: %s", key, error)
            self._right.pop(key, None)
            self._clean = False
            return False
        return True

    def _bridges(self, wanted: Wanted, machine: dict[str, Link]) -> None:
        for bridge in wanted.bridges:
            self._once("bridge " + bridge.name, bridge, partial(self._bridge, bridge, machine))
        if self._settings.network_nat and any(bridge.addresses for bridge in wanted.bridges):
            self._once("forward", "on", partial(nat.forward, self._settings))

    def _bridge(self, bridge: Bridge, machine: dict[str, Link]) -> None:
        owned.note(self._settings, owned.BRIDGE, bridge.name)
        links.batch(links.plan_bridge(bridge, machine.get(bridge.name)))

    def _firewall(self, wanted: Wanted) -> None:
        cidrs = _external_cidrs(wanted.bridges) if self._settings.network_nat else []
        # State must be on the packets before anything is judged by it.
        self._table(firewall.machine_table(wanted.bridges, cidrs))
        self._table(firewall.bridge_table(wanted))

    def _table(self, table: Table, namespace: str = "") -> None:
        key = f"{namespace} {table.path}"
        known = self._tables.get(key)
        text = nft.change(known, table) if known else nft.whole(table)
        if self._try("filter" + key, lambda: nft.apply(text, namespace)):
            self._tables[key] = table
        else:
            self._tables.pop(key, None)

    def _plug_dhcp(self, dhcp: Dhcp, machine: dict[str, Link]) -> None:
        self._namespace(dhcp.namespace, (dhcp.cable,), machine, forwards=False)

    def _router(self, router: Router, machine: dict[str, Link]) -> None:
        self._namespace(router.namespace, router.cables, machine, forwards=True)
        nft.apply(nft.whole(nat.router_table(router)), router.namespace)
        present = links.read_routes(router.namespace)
        links.batch(links.plan_routes(router, present), router.namespace)

    def _namespace(
        self, name: str, cables: tuple[Cable, ...], machine: dict[str, Link], *, forwards: bool
    ) -> None:
        owned.note(self._settings, owned.NAMESPACE, name)
        there = namespaces.ensure(name, forwards=forwards)
        lines: list[str] = []
        for cable in cables:
            lines += links.plan_outer(cable, name, machine, there)
        links.batch(lines)
        links.batch(links.plan_inner(cables, links.read(name) if lines else there), name)

    def _remove_unwanted(self, wanted: Wanted) -> None:
        dhcp_service.stop_others(self._settings, [dhcp.network_id for dhcp in wanted.dhcps])
        spaces = {dhcp.namespace for dhcp in wanted.dhcps}
        spaces |= {router.namespace for router in wanted.routers}
        for name in owned.names(self._settings, owned.NAMESPACE):
            if name not in spaces:
                namespaces.remove(name)
                owned.forget(self._settings, owned.NAMESPACE, name)
        bridges = {bridge.name for bridge in wanted.bridges}
        for name in owned.names(self._settings, owned.BRIDGE):
            if name not in bridges and self._try(name, partial(_remove_bridge, name)):
                owned.forget(self._settings, owned.BRIDGE, name)


def _needs_links(right: Mapping[str, Any], wanted: Wanted) -> bool:
    """Whether something on the machine must be looked at before it is changed."""
    return (
        any(right.get("bridge " + bridge.name) != bridge for bridge in wanted.bridges)
        or any(right.get("dhcp " + dhcp.namespace) != _joint(dhcp) for dhcp in wanted.dhcps)
        or any(right.get("router " + router.namespace) != router for router in wanted.routers)
    )


def _joint(dhcp: Dhcp) -> tuple[str, Cable]:
    return dhcp.namespace, dhcp.cable


def _external_cidrs(bridges: tuple[Bridge, ...]) -> list[str]:
    return [
        str(ipaddress.ip_interface(address).network)
        for bridge in bridges
        for address in bridge.addresses
    ]


def _remove_bridge(name: str) -> None:
    if Path(f"/sys/class/net/{name}").exists():
        run(["ip", "link", "delete", name])


def _load_bridge_netfilter() -> None:
    """Have br_netfilter, without letting it filter bridges that are not ours."""
    if not _BRIDGE_NETFILTER.is_dir():
        run(["modprobe", "br_netfilter"])
        for flag in ("iptables", "ip6tables", "arptables"):
            (_BRIDGE_NETFILTER / f"bridge-nf-call-{flag}").write_text("0")
