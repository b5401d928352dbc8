# SPDX-License-Identifier: Apache-2.0
"""What clients ask beside the resources: versions, extensions, agents, zones, address availability."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from nova_appliance.common import errors
from nova_appliance.embedded.networks import addresses, faults, nouns
from nova_appliance.embedded.store import Row

BORN = "2026-01-01T00:00:00-00:00"
AGENT_ID = "5f1d33c1-3f0c-4b0e-9d33-6d4f0a6c5a10"
# alias: name; only what really works here.
EXTENSIONS = {
    "agent": "agent",
    "allowed-address-pairs": "Allowed Address Pairs",
    "availability_zone": "Availability Zone",
    "binding": "Port Binding",
    "dns-integration": "DNS Integration",
    "external-net": "Neutron external network",
    "extra_dhcp_opt": "Neutron Extra DHCP options",
    "extraroute": "Neutron Extra Route",
    "extraroute-atomic": "Atomically add/remove extra routes",
    "fip-port-details": "Floating IP Port Details Extension",
    "ext-gw-mode": "Neutron L3 Configurable external gateway mode",
    "filter-validation": "Filter parameters validation",
    "net-mtu": "Network MTU",
    "net-mtu-writable": "Network MTU (writable)",
    "network-ip-availability": "Network IP Availability",
    "network_availability_zone": "Network Availability Zone",
    "pagination": "Pagination support",
    "port-security": "Port Security",
    "project-id": "project_id field enabled",
    "provider": "Provider Network",
    "quota_details": "Quota details management support",
    "quotas": "Quota management support",
    "router": "Neutron L3 Router",
    "router_availability_zone": "Router Availability Zone",
    "security-group": "security-group",
    "sorting": "Sorting support",
    "standard-attr-description": "standard-attr-description",
    "standard-attr-revisions": "Resource revision numbers",
    "standard-attr-tag": "Tag support for resources with standard attribute",
    "standard-attr-timestamp": "Resource timestamps",
}


def versions(req: Any) -> dict[str, Any]:
    """`GET /`."""
    links = [{"rel": "self", "href": f"{req.application_url}/v2.0/"}]
    return {"versions": [{"id": "v2.0", "status": "CURRENT", "links": links}]}


def resources(req: Any) -> dict[str, Any]:
    """`GET /v2.0`: where each resource is."""
    names = [
        "network",
        "subnet",
        "port",
        "security-group",
        "security-group-rule",
        "router",
        "floatingip",
    ]
    url = req.application_url + "/v2.0"
    return {
        "resources": [
            {
                "name": name.replace("-", "_"),
                "collection": name.replace("-", "_") + "s",
                "links": [{"rel": "self", "href": f"{url}/{name}s"}],
            }
            for name in names
        ]
    }


def extensions(_req: Any) -> dict[str, Any]:
    """`GET /v2.0/extensions`."""
    return {"extensions": [_extension(alias) for alias in EXTENSIONS]}


def extension(_req: Any, alias: str) -> dict[str, Any]:
    """`GET /v2.0/extensions/{alias}`."""
    if alias not in EXTENSIONS:
        raise errors.NotFound(f"Extension with alias {alias} does not exist")
    return {"extension": _extension(alias)}


def _extension(alias: str) -> dict[str, Any]:
    name = EXTENSIONS[alias]
    return {"alias": alias, "name": name, "description": name, "updated": BORN, "links": []}


def zones(_req: Any) -> dict[str, Any]:
    """`GET /v2.0/availability_zones`: one machine, one zone."""
    return {
        "availability_zones": [
            {"name": "nova", "resource": kind, "state": "available"}
            for kind in ("network", "router")
        ]
    }


def agents(req: Any) -> dict[str, Any]:
    """`GET /v2.0/agents`: the one data plane, and whether it lives."""
    _check_elevated(req.caller, "get_agent")
    return {"agents": [_agent(req)] if req.service.settings.network_plane == "linux" else []}


def agent(req: Any, agent_id: str) -> dict[str, Any]:
    """`GET /v2.0/agents/{id}`."""
    _check_elevated(req.caller, "get_agent")
    if agent_id != _agent(req)["id"]:
        raise faults.AgentNotFound(f"Agent {agent_id} could not be found.")
    return {"agent": _agent(req)}


def _agent(req: Any) -> dict[str, Any]:
    told = req.service.heartbeat()
    return {
        "id": AGENT_ID,
        "agent_type": "Network data plane",
        "binary": "nova-appliance",
        "host": socket.gethostname(),
        "topic": "N/A",
        "admin_state_up": True,
        "availability_zone": "nova",
        "alive": told.alive,
        "heartbeat_timestamp": told.at,
        "started_at": told.at,
        "created_at": told.at,
        "description": None,
        "configurations": {"plane": req.service.settings.network_plane},
        "resources_synced": None,
    }


def availabilities(req: Any) -> dict[str, Any]:
    """`GET /v2.0/network-ip-availabilities`."""
    _check_elevated(req.caller, "get_network_ip_availability")
    store = nouns.store_of(req)
    rows = store.all("SELECT * FROM networks ORDER BY rowid")
    asked = req.GET.getall("network_id")
    found = [row for row in rows if not asked or row["id"] in asked]
    return {"network_ip_availabilities": [_availability(store, row) for row in found]}


def availability(req: Any, network_id: str) -> dict[str, Any]:
    """`GET /v2.0/network-ip-availabilities/{network}`."""
    _check_elevated(req.caller, "get_network_ip_availability")
    store = nouns.store_of(req)
    row = store.one("SELECT * FROM networks WHERE id = ?", network_id)
    if row is None:
        raise faults.NetworkNotFound(f"Network {network_id} could not be found.")
    return {"network_ip_availability": _availability(store, row)}


def _availability(store: Any, network: Row) -> dict[str, Any]:
    sql = """SELECT subnets.*, (SELECT count(*) FROM addresses WHERE subnet_id = subnets.id) AS used
             FROM subnets WHERE network_id = ? ORDER BY rowid"""
    parts = [_subnet_availability(row) for row in store.all(sql, network["id"])]
    return {
        "network_id": network["id"],
        "network_name": network["name"],
        "tenant_id": network["project_id"],
        "project_id": network["project_id"],
        "total_ips": sum(part["total_ips"] for part in parts),
        "used_ips": sum(part["used_ips"] for part in parts),
        "subnet_ip_availability": parts,
    }


def _subnet_availability(row: Row) -> dict[str, Any]:
    first, last = addresses.host_range(ipaddress.ip_network(row["cidr"]))
    return {
        "subnet_id": row["id"],
        "subnet_name": row["name"],
        "cidr": row["cidr"],
        "ip_version": row["ip_version"],
        "total_ips": last - first + 1,
        "used_ips": row["used"],
    }


def _check_elevated(caller: Any, rule: str) -> None:
    if not nouns.is_elevated(caller):
        raise faults.PolicyNotAuthorized(f"rule:{rule} is disallowed by policy")
