# SPDX-License-Identifier: Apache-2.0
"""Security groups on the ports of servers."""

from __future__ import annotations

from collections.abc import Callable

from nova_appliance.actions import refresh_addresses
from nova_appliance.actions.cloud import Cloud
from nova_appliance.clients.network_nouns import Port
from nova_appliance.clients.network_rows import Row
from nova_appliance.common import errors
from nova_appliance.domain.server import Server


def add(cloud: Cloud, server: Server, name: str) -> None:
    """Put a group (name or id) on each port. Raises NotFound, Conflict, Invalid."""
    group_id = _find(cloud, server, name)
    ports = _ports(cloud, server)
    if not any(port.fixed_ips for port in ports):
        raise errors.Invalid(
            "Network requires port_security_enabled and subnet associated in order to apply "
            "security groups."
        )

    def with_it(groups: list[str]) -> list[str]:
        return groups if group_id in groups else [*groups, group_id]

    _change(cloud, server, [port for port in ports if port.fixed_ips], with_it)


def remove(cloud: Cloud, server: Server, name: str) -> None:
    """Take a group from each port that has it. Raises NotFound when none has, Conflict."""
    group_id = _find(cloud, server, name)
    ports = [port for port in _ports(cloud, server) if group_id in port.security_groups]
    if not ports:
        raise errors.NotFound(f"Security group {name} not associated with the instance {server.id}")
    _change(cloud, server, ports, lambda groups: [one for one in groups if one != group_id])


def of_server(cloud: Cloud, server: Server) -> tuple[Row, ...]:
    """The groups on the server's ports, with their rules, as the network service writes them."""
    ports = cloud.networks.ports(device_id=server.id)
    wanted = sorted({group_id for port in ports for group_id in port.security_groups})
    return cloud.networks.rows.list_(None, "security-groups", id=wanted) if wanted else ()


def _find(cloud: Cloud, server: Server, name: str) -> str:
    try:
        (group,) = cloud.networks.security_groups(server.project_id, (name,))
    except errors.Invalid as error:
        raise errors.NotFound(error.message) from error
    return group.id


def _ports(cloud: Cloud, server: Server) -> tuple[Port, ...]:
    ports = cloud.networks.ports(device_id=server.id)
    if not ports:
        raise errors.NotFound(
            f"Security group cannot be applied: instance {server.id} has no ports."
        )
    return ports


def _change(
    cloud: Cloud, server: Server, ports: list[Port], change: Callable[[list[str]], list[str]]
) -> None:
    try:
        for port in ports:
            groups = change(list(port.security_groups))
            if groups != list(port.security_groups):
                cloud.networks.rows.change(None, "ports", port.id, {"security_groups": groups})
    except errors.Conflict as error:
        raise errors.Invalid(error.message) from error
    finally:
        refresh_addresses.refresh(cloud, server.id)
