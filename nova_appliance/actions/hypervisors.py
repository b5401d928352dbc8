# SPDX-License-Identifier: Apache-2.0
"""Hypervisor nodes with the service that runs each: found, listed, summed up, asked for uptime."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from nova_appliance.actions import services
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.services import Daemon
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import host_servers, hosts
from nova_appliance.domain.host import Host
from nova_appliance.rpc.orders import Empty

AMOUNTS = (
    "vcpus",
    "memory_mb",
    "local_gb",
    "vcpus_used",
    "memory_mb_used",
    "local_gb_used",
    "free_ram_mb",
    "free_disk_gb",
    "current_workload",
    "running_vms",
    "disk_available_least",
)
"""Names of the API for what a node has, what servers hold of it, and what is free."""


class Hypervisor(msgspec.Struct, frozen=True, kw_only=True):
    """A node and its nova-compute; `servers` (name, id) only where they were asked for."""

    node: Host
    daemon: Daemon
    servers: tuple[tuple[str, str], ...] | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Which nodes to list."""

    pattern: str | None = None
    marker: str | int | None = None
    limit: int | None = None
    with_servers: bool = False


def page(cloud: Cloud, wanted: Page) -> tuple[Hypervisor, ...]:
    """Nodes whose service is known, in the order they came. Raises Invalid, NotFound."""
    with cloud.cells.api.read() as conn:
        after = 0
        if wanted.marker is not None:
            marker = hosts.get(conn, wanted.marker)
            if marker is None:
                raise errors.Invalid(f"marker [{wanted.marker}] not found")
            after = marker.row
        nodes = hosts.list_(conn, pattern=wanted.pattern, after=after, limit=wanted.limit)
    if wanted.pattern is not None and not nodes:
        raise errors.NotFound(f"No hypervisor matching '{wanted.pattern}' could be found.")
    return _with_services(cloud, nodes, with_servers=wanted.with_servers)


def find(cloud: Cloud, host_id: str | int, *, with_servers: bool = False) -> Hypervisor:
    """The node of that id (text) or number. Raises NotFound."""
    with cloud.cells.api.read() as conn:
        node = hosts.get(conn, host_id)
    found = _with_services(cloud, (node,), with_servers=with_servers) if node else ()
    if not found:
        raise missing(host_id)
    return found[0]


def uptime(cloud: Cloud, context: RequestContext, hypervisor: Hypervisor) -> str:
    """What `uptime` prints on the host. Raises Invalid when its service is down."""
    host = hypervisor.node.host
    if not hypervisor.daemon.is_up:
        raise errors.Invalid(f"Compute service of {host} is unavailable at this time.")
    url = cloud.cells.get(hypervisor.node.cell_id).transport_url
    try:
        reply = cloud.rpc.at(url).call("compute", "uptime", Empty(), context, host=host)
    except errors.Unavailable as error:
        raise errors.Invalid(f"Compute service of {host} is unavailable at this time.") from error
    text: str = reply.text
    return text


def sums(cloud: Cloud) -> dict[str, int]:
    """What all nodes with an enabled service have together, under the API's names."""
    nodes = [each for each in page(cloud, Page()) if not each.daemon.service.disabled]
    amounts = [amounts_of(each.node) for each in nodes]
    return {"count": len(nodes)} | {name: sum(each[name] for each in amounts) for name in AMOUNTS}


def amounts_of(node: Host) -> dict[str, int]:
    """The AMOUNTS of a node."""
    has, used = node.inventory, node.used
    return {
        "vcpus": has.vcpus,
        "memory_mb": has.memory_mib,
        "local_gb": has.disk_gib,
        "vcpus_used": used.vcpus,
        "memory_mb_used": used.memory_mib,
        "local_gb_used": used.disk_gib,
        "free_ram_mb": has.memory_mib - used.memory_mib,
        "free_disk_gb": has.disk_gib - used.disk_gib,
        "current_workload": node.building,
        "running_vms": node.servers,
        "disk_available_least": has.disk_free_gib,
    }


def missing(host_id: object) -> errors.NotFound:
    """The error for an id that no node has."""
    return errors.NotFound(f"Hypervisor with ID '{host_id}' could not be found.")


def _with_services(
    cloud: Cloud, nodes: Iterable[Host], *, with_servers: bool
) -> tuple[Hypervisor, ...]:
    known = services.computes(cloud)
    chosen = [node for node in nodes if node.host in known]
    servers = _servers_of(cloud, chosen) if with_servers else {}
    return tuple(
        Hypervisor(
            node=node,
            daemon=known[node.host],
            servers=tuple(servers.get(node.host, ())) if with_servers else None,
        )
        for node in chosen
    )


def _servers_of(cloud: Cloud, nodes: Iterable[Host]) -> dict[str, list[tuple[str, str]]]:
    """Host > (name at the hypervisor, id) of its servers: one query a cell."""
    template: str = cloud.conf.instance_name_template
    by_cell: dict[str, set[str]] = {}
    for node in nodes:
        by_cell.setdefault(node.cell_id, set()).add(node.host)
    found: dict[str, list[tuple[str, str]]] = {}
    for cell_id, names in by_cell.items():
        with cloud.cells.database(cell_id).read() as conn:
            for host, row, server_id in host_servers.list_(conn, sorted(names)):
                found.setdefault(host, []).append((template % row, server_id))
    return found
