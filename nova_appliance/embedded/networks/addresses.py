# SPDX-License-Identifier: Apache-2.0
"""Which address a port gets. A row (subnet, place) is the address; its primary key makes it unique."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterable
from typing import Any

from nova_appliance.embedded.networks import faults, nouns
from nova_appliance.embedded.networks.nouns import Deed
from nova_appliance.embedded.store import Row

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# Places of IPv6 subnets (up to 64 bits) are kept shifted, as SQLite's integers are signed.
_SHIFT = 2**63
_FREE_AFTER = """
SELECT min(n) AS place FROM (
    SELECT ? AS n UNION ALL
    SELECT place + 1 FROM addresses WHERE subnet_id = ? AND place + 1 BETWEEN ? AND ?)
WHERE n BETWEEN ? AND ? AND NOT EXISTS
    (SELECT 1 FROM addresses WHERE subnet_id = ? AND place = n)
"""


@dataclasses.dataclass(frozen=True)
class Wish:
    """One entry of a port's fixed_ips: a subnet, an address, or both."""

    subnet_id: str = ""
    ip: str = ""


def place_of(network: Network, ip: str) -> int:
    """The number under which an address of the subnet is kept."""
    place = int(ipaddress.ip_address(ip)) - int(network.network_address)
    return place if network.version == 4 else place - _SHIFT


def ip_at(network: Network, place: int) -> str:
    """The address that is kept under this number."""
    offset = place if network.version == 4 else place + _SHIFT
    return str(network.network_address + offset)


def default_pools(cidr: str, gateway: str | None) -> list[dict[str, str]]:
    """Every host address but the gateway's."""
    network = ipaddress.ip_network(cidr)
    first, last = host_range(network)
    cut = int(ipaddress.ip_address(gateway)) if gateway else first - 1
    parts = [(first, cut - 1), (cut + 1, last)] if first <= cut <= last else [(first, last)]
    kind = type(network.network_address)
    return [{"start": str(kind(a)), "end": str(kind(z))} for a, z in parts if a <= z]


def host_range(network: Network) -> tuple[int, int]:
    """The first and last address that a port may have, as numbers."""
    first, last = int(network.network_address), int(network.broadcast_address)
    if network.version == 6:
        return first + (network.num_addresses > 1), last
    return (first, last) if network.prefixlen >= 31 else (first + 1, last - 1)


def assign(deed: Deed, port: Row, wishes: Iterable[Wish] | None) -> None:
    """Give the port its addresses: what it wishes for, or one of each IP version there is."""
    subnets = _subnets(deed, port["network_id"])
    if wishes is None:
        _assign_any(deed, port, subnets)
        return
    for position, wish in enumerate(wishes):
        subnet = _subnet_for(port, subnets, wish)
        if wish.ip:
            _take(deed, port, subnet, wish.ip, position)
        elif not _take_next(deed, port, subnet, position):
            raise faults.IpAddressGenerationFailure(
                f"No more IP addresses available on subnet {subnet['id']}."
            )


def reassign(deed: Deed, port: Row, wishes: list[Wish]) -> None:
    """Replace the port's addresses; what it has and still wants stays where it is."""
    own = deed.tx.all("SELECT * FROM addresses WHERE port_id = ? ORDER BY position", port["id"])
    kept: list[Wish] = []
    for wish in wishes:
        held = next((row for row in own if _is_meant(row, wish)), None)
        if held:
            own.remove(held)
        kept.append(Wish(held["subnet_id"], held["ip"]) if held else wish)
    deed.tx.run("DELETE FROM addresses WHERE port_id = ?", port["id"])
    assign(deed, port, kept)


def _is_meant(row: Row, wish: Wish) -> bool:
    return (not wish.subnet_id or row["subnet_id"] == wish.subnet_id) and (
        not wish.ip or row["ip"] == wish.ip
    )


def _subnets(deed: Deed, network_id: str) -> list[Row]:
    sql = "SELECT * FROM subnets WHERE network_id = ? ORDER BY rowid"
    return [nouns.decode(row) for row in deed.tx.all(sql, network_id)]


def _assign_any(deed: Deed, port: Row, subnets: list[Row]) -> None:
    for position, version in enumerate(sorted({row["ip_version"] for row in subnets})):
        candidates = [row for row in subnets if row["ip_version"] == version]
        if not any(_take_next(deed, port, subnet, position) for subnet in candidates):
            raise faults.IpAddressGenerationFailure(
                f"No more IP addresses available on network {port['network_id']}."
            )


def _subnet_for(port: Row, subnets: list[Row], wish: Wish) -> Row:
    if wish.subnet_id:
        found = next((row for row in subnets if row["id"] == wish.subnet_id), None)
        if found is None:
            raise faults.InvalidInput(
                f"Invalid input for operation: Failed to create port on network "
                f"{port['network_id']}, because fixed_ips included invalid subnet {wish.subnet_id}."
            )
        if wish.ip and not _holds(found, wish.ip):
            raise faults.InvalidIpForSubnet(
                f"IP address {wish.ip} is not a valid IP for the specified subnet."
            )
        return found
    found = next((row for row in subnets if _holds(row, wish.ip)), None)
    if found is None:
        raise faults.InvalidIpForNetwork(
            f"IP address {wish.ip} is not a valid IP for any of the subnets on the specified network."
        )
    return found


def _holds(subnet: Row, ip: str) -> bool:
    network, address = ipaddress.ip_network(subnet["cidr"]), ipaddress.ip_address(ip)
    first, last = host_range(network)
    return address.version == network.version and first <= int(address) <= last


def _take(deed: Deed, port: Row, subnet: Row, ip: str, position: int) -> None:
    network = ipaddress.ip_network(subnet["cidr"])
    if not _insert(deed, port, subnet, place_of(network, ip), position):
        raise faults.IpAddressAlreadyAllocated(
            f"IP address {ip} already allocated in subnet {subnet['id']}."
        )


def _take_next(deed: Deed, port: Row, subnet: Row, position: int) -> bool:
    """The next free address after the last one given, so that a freed one rests for a while."""
    last = deed.tx.one("SELECT last_place FROM subnets WHERE id = ?", subnet["id"])
    place = _next_free(deed, subnet, last["last_place"] if last else 0)
    if place is None:
        return False
    deed.tx.run("UPDATE subnets SET last_place = ? WHERE id = ?", place, subnet["id"])
    return _insert(deed, port, subnet, place, position)


def _next_free(deed: Deed, subnet: Row, last: int) -> int | None:
    network = ipaddress.ip_network(subnet["cidr"])
    pools = [
        (place_of(network, pool["start"]), place_of(network, pool["end"]))
        for pool in subnet["allocation_pools"]
    ]
    beyond = [(max(first, last + 1), end) for first, end in pools if end > last]
    for first, end in beyond + pools:
        if first > end:
            continue
        span = (first, subnet["id"], first, end, first, end, subnet["id"])
        row = deed.tx.one(_FREE_AFTER, *span)
        if row and row["place"] is not None:
            return int(row["place"])
    return None


def _insert(deed: Deed, port: Row, subnet: Row, place: int, position: int) -> bool:
    row: dict[str, Any] = {
        "subnet_id": subnet["id"],
        "place": place,
        "port_id": port["id"],
        "ip": ip_at(ipaddress.ip_network(subnet["cidr"]), place),
        "position": position,
    }
    return deed.tx.insert("addresses", row, or_="IGNORE") == 1
