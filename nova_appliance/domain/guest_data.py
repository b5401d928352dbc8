# SPDX-License-Identifier: Apache-2.0
"""What a guest is told of itself: one set of facts behind metadata service and config drive. Pure."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from nova_appliance.domain import interface_tags
from nova_appliance.domain.guest import Vif
from nova_appliance.domain.server import Address, Server

VIFS = "vifs"
"""Key of system_metadata: the interfaces as drivers are told them, JSON."""
SUBNETS = "subnets"
"""Key of system_metadata: port > the subnets that its addresses are of, JSON."""


class Subnet(msgspec.Struct, frozen=True, kw_only=True):
    """What a guest must know of the subnet of one of its addresses."""

    address: str
    cidr: str
    gateway: str | None = None
    dhcp: bool = True
    dns: tuple[str, ...] = ()
    routes: tuple[tuple[str, str], ...] = ()
    """(destination, gateway)."""
    v6_mode: str = ""
    """Neutron's ipv6_address_mode; empty without one."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that the trees of files are made from."""

    server: Server
    vifs: tuple[Vif, ...] = ()
    subnets: dict[str, tuple[Subnet, ...]] = {}
    domain: str = ""
    given: tuple[tuple[str, str], ...] = ()
    """Files of the user: (path on the server, text). Only a config drive can hold them."""
    password: str = ""
    """Of the guest's administrator. Only a config drive can hold it."""
    seed: str = ""
    """random_seed: base64."""
    ec2_ids: dict[str, str] = {}
    """Thing > its EC2 id: the server's, its image's, kernel's, ramdisk's, volumes'."""
    vendor: dict[str, Any] = {}
    """vendor_data.json."""
    vendor2: dict[str, Any] = {}
    """vendor_data2.json."""

    @property
    def hostname(self) -> str:
        """With the domain, if there is one."""
        name = self.server.hostname
        return f"{name}.{self.domain}" if self.domain else name

    @property
    def user_data(self) -> bytes | None:
        """As the guest gets it: no longer base64; None when there is none."""
        if not self.server.user_data:
            return None
        try:
            return base64.b64decode(self.server.user_data)
        except binascii.Error:
            return self.server.user_data.encode()

    @property
    def tags(self) -> dict[str, str]:
        """Port > tag."""
        return interface_tags.of(self.server.system_metadata)

    def addresses(self, kind: str, version: int = 4) -> list[Address]:
        """Those of one kind (fixed, floating), in the server's order."""
        own = self.server.addresses
        return [one for one in own if one.kind == kind and one.version == version]


def vifs_of(server: Server) -> tuple[Vif, ...]:
    """The interfaces that the row remembers."""
    text = server.system_metadata.get(VIFS)
    return msgspec.json.decode(text, type=tuple[Vif, ...]) if text else ()


def subnets_of(server: Server) -> dict[str, tuple[Subnet, ...]]:
    """Port > subnets that the row remembers; ports of older rows have none."""
    text = server.system_metadata.get(SUBNETS)
    return msgspec.json.decode(text, type=dict[str, tuple[Subnet, ...]]) if text else {}


def of_row(server: Server, domain: str) -> Facts:
    """The facts that the row alone knows."""
    return Facts(server=server, vifs=vifs_of(server), subnets=subnets_of(server), domain=domain)
