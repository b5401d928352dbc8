# SPDX-License-Identifier: Apache-2.0
"""Reads a server's ports again, so that its row shows the addresses and groups they have now."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence

from nova_appliance.actions import find_server
from nova_appliance.actions.cloud import Cloud
from nova_appliance.clients.network_nouns import Port
from nova_appliance.common import errors
from nova_appliance.db import servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain.server import Address, Server

TRIES = 5
_TURNS = tuple(threading.Lock() for _ in range(64))
"""One look at a time for a server, so that what was read first is not written last."""


@dataclasses.dataclass(frozen=True)
class Sight:
    """What the network service says of a server."""

    addresses: tuple[Address, ...]
    security_groups: tuple[str, ...]


def refresh(cloud: Cloud, server_id: str) -> None:
    """Make the row tell the truth. A server that is gone needs nothing. Raises Unavailable."""
    with _TURNS[hash(server_id) % len(_TURNS)]:
        for _ in range(TRIES):
            try:
                server = find_server.by_id(cloud, server_id)
            except errors.NotFound:
                return
            (sight,) = look(cloud, (server,))
            if sight == _known(server) or _write(cloud, server, sight):
                return


def look(cloud: Cloud, looked_at: Sequence[Server]) -> tuple[Sight, ...]:
    """What the network service says of these servers, in three questions."""
    ports = cloud.networks.ports(device_id=[server.id for server in looked_at])
    addresses: dict[str, list[Address]] = {}
    for address in cloud.networks.addresses(ports):
        addresses.setdefault(address.port_id, []).append(address)
    names = _group_names(cloud, ports)
    return tuple(
        _sight(server, [port for port in ports if port.device_id == server.id], addresses, names)
        for server in looked_at
    )


def is_stale(server: Server, sight: Sight) -> bool:
    """Whether a server's row tells something else."""
    return sight != _known(server)


def _known(server: Server) -> Sight:
    return Sight(server.addresses, server.security_groups)


def _sight(
    server: Server, ports: list[Port], addresses: dict[str, list[Address]], names: dict[str, str]
) -> Sight:
    """Ports stay in the order they had; what is new comes last."""
    known = list(dict.fromkeys(address.port_id for address in server.addresses))
    place = {port_id: index for index, port_id in enumerate(known)}
    ports.sort(key=lambda port: (place.get(port.id, len(place)), port.name, port.id))
    groups = dict.fromkeys(names[i] for port in ports for i in port.security_groups if i in names)
    return Sight(
        tuple(address for port in ports for address in addresses.get(port.id, ())),
        tuple(sorted(groups)) if ports else server.security_groups,
    )


def _group_names(cloud: Cloud, ports: Sequence[Port]) -> dict[str, str]:
    wanted = sorted({group_id for port in ports for group_id in port.security_groups})
    if not wanted:
        return {}
    rows = cloud.networks.rows.list_(None, "security-groups", id=wanted)
    return {row["id"]: row["name"] for row in rows}


def _write(cloud: Cloud, server: Server, sight: Sight) -> bool:
    """False if somebody else wrote since the row was read."""

    def work(conn: Connection) -> bool:
        here = servers.lock(conn, server.id)
        now = servers.get(conn, server.cell_id, server.id) if here else None
        if now is None or is_stale(now, _known(server)):
            return False
        return servers.change(
            conn,
            server.id,
            addresses=sight.addresses,
            security_groups=sight.security_groups,
        )

    return cloud.cells.database(server.cell_id).transact(work)
