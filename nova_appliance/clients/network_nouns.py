# SPDX-License-Identifier: Apache-2.0
"""What Nova reads of Neutron's answers, as frozen values, and how each is read."""

from __future__ import annotations

from typing import Any

import msgspec


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """A network that servers can join."""

    id: str
    name: str
    project_id: str
    shared: bool = False
    external: bool = False
    admin_up: bool = True
    mtu: int = 1500
    subnet_ids: tuple[str, ...] = ()
    port_security: bool = True
    raw: dict[str, Any] = {}


class FixedIp(msgspec.Struct, frozen=True, kw_only=True):
    """An address of a port."""

    subnet_id: str
    address: str


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """A port of a network; `host` and what follows it tell how it is bound."""

    id: str
    name: str
    network_id: str
    project_id: str
    mac: str
    device_id: str = ""
    device_owner: str = ""
    status: str = ""
    admin_up: bool = True
    fixed_ips: tuple[FixedIp, ...] = ()
    security_groups: tuple[str, ...] = ()
    host: str = ""
    vif_type: str = ""
    vif_details: dict[str, Any] = {}
    vnic_type: str = "normal"


class SecurityGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A security group of a project."""

    id: str
    name: str
    project_id: str
    description: str = ""


class PortWanted(msgspec.Struct, frozen=True, kw_only=True):
    """A port to be made for a server; `index` tells the server's interfaces apart."""

    server_id: str
    index: int
    network_id: str
    project_id: str
    host: str = ""
    """Binds the port at once when given."""
    zone: str = "nova"
    fixed_ip: str | None = None
    security_groups: tuple[str, ...] = ()
    """Ids; empty leaves it to the network service."""


def network(raw: dict[str, Any]) -> Network:
    """The network in an answer."""
    return Network(
        id=raw["id"],
        name=raw.get("name") or "",
        project_id=_project(raw),
        shared=bool(raw.get("shared")),
        external=bool(raw.get("router:external")),
        admin_up=raw.get("admin_state_up", True),
        mtu=raw.get("mtu") or 1500,
        subnet_ids=tuple(raw.get("subnets") or ()),
        port_security=raw.get("port_security_enabled", True),
        raw=raw,
    )


def port(raw: dict[str, Any]) -> Port:
    """The port in an answer."""
    fixed = raw.get("fixed_ips") or ()
    return Port(
        id=raw["id"],
        name=raw.get("name") or "",
        network_id=raw["network_id"],
        project_id=_project(raw),
        mac=raw["mac_address"],
        device_id=raw.get("device_id") or "",
        device_owner=raw.get("device_owner") or "",
        status=raw.get("status") or "",
        admin_up=raw.get("admin_state_up", True),
        fixed_ips=tuple(
            FixedIp(subnet_id=ip.get("subnet_id") or "", address=ip["ip_address"]) for ip in fixed
        ),
        security_groups=tuple(raw.get("security_groups") or ()),
        host=raw.get("binding:host_id") or "",
        vif_type=raw.get("binding:vif_type") or "",
        vif_details=raw.get("binding:vif_details") or {},
        vnic_type=raw.get("binding:vnic_type") or "normal",
    )


def security_group(raw: dict[str, Any]) -> SecurityGroup:
    """The security group in an answer."""
    return SecurityGroup(
        id=raw["id"],
        name=raw.get("name") or "",
        project_id=_project(raw),
        description=raw.get("description") or "",
    )


def _project(raw: dict[str, Any]) -> str:
    return raw.get("project_id") or raw.get("tenant_id") or ""
