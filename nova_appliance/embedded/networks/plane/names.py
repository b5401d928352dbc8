# SPDX-License-Identifier: Apache-2.0
"""What things are called on the machine; Linux allows 15 characters, so ids are cut to 11 or fewer."""

from __future__ import annotations

import hashlib

SHORT = 11
FILTER = "nova_appliance"
METADATA = "169.254.169.254"
"""Where guests ask for metadata."""
METADATA_PORT = 9697
"""Where a router hears what guests send to METADATA."""
ANY = "0.0.0.0"  # noqa: S104 - inside a namespace of ours; its filter lets in guests only


def bridge(network_id: str) -> str:
    """The bridge of a network; guests' taps are plugged into it."""
    return "brq" + network_id[:SHORT]


def tap(port_id: str) -> str:
    """The device of a guest's port; the hypervisor makes it."""
    return "tap" + port_id[:SHORT]


def dhcp_namespace(network_id: str) -> str:
    """Where the DHCP service of a network lives."""
    return "qdhcp-" + network_id


def router_namespace(router_id: str) -> str:
    """Where a router lives."""
    return "qrouter-" + router_id


def outer(port_id: str) -> str:
    """The bridge's end of the cable to a router or a DHCP service."""
    return "na-" + port_id[:SHORT]


def inner(prefix: str, port_id: str) -> str:
    """The other end of that cable: `ns-` for DHCP, `qr-` and `qg-` for routers."""
    return prefix + port_id[:SHORT]


def bridge_mac(network_id: str) -> str:
    """A MAC address for the machine's own end of an external network, the same after each start."""
    digest = hashlib.sha256(network_id.encode()).digest()
    return "fa:16:3f" + "".join(f":{byte:02x}" for byte in digest[:3])
