# SPDX-License-Identifier: Apache-2.0
"""Subnets of ports, as guests are told of them; remembered for a short while."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import Any

from nova_appliance.clients.network_nouns import Port
from nova_appliance.clients.neutron import Neutron
from nova_appliance.common import clock
from nova_appliance.domain.guest_data import Subnet

KEEP_S = 20.0
Row = dict[str, Any]


class Subnets:
    """Safe for threads; reads what is not remembered in one question."""

    def __init__(self, neutron: Neutron, clocks: clock.Clock = clock.SYSTEM) -> None:
        self._neutron = neutron
        self._clock = clocks
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Row]] = {}

    def of(self, ports: Sequence[Port]) -> dict[str, tuple[Subnet, ...]]:
        """Port > one subnet for each of its addresses."""
        rows = self._rows({ip.subnet_id for port in ports for ip in port.fixed_ips})
        return {
            port.id: tuple(
                _subnet(rows[ip.subnet_id], ip.address)
                for ip in port.fixed_ips
                if ip.subnet_id in rows
            )
            for port in ports
        }

    def _rows(self, subnet_ids: Collection[str]) -> dict[str, Row]:
        now = self._clock.monotonic()
        with self._lock:
            self._known = {i: own for i, own in self._known.items() if own[0] > now - KEEP_S}
            known = {i: self._known[i][1] for i in subnet_ids if i in self._known}
        missing = sorted(set(subnet_ids) - known.keys() - {""})
        read = list(self._neutron.rows("subnets", {"id": missing})) if missing else []
        with self._lock:
            self._known.update({row["id"]: (now, row) for row in read})
        return known | {row["id"]: row for row in read}


def _subnet(row: Row, address: str) -> Subnet:
    routes = row.get("host_routes") or ()
    return Subnet(
        address=address,
        cidr=row["cidr"],
        gateway=row.get("gateway_ip"),
        dhcp=bool(row.get("enable_dhcp")),
        dns=tuple(row.get("dns_nameservers") or ()),
        routes=tuple((route["destination"], route["nexthop"]) for route in routes),
        v6_mode=row.get("ipv6_address_mode") or "",
    )
