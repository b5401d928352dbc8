# SPDX-License-Identifier: Apache-2.0
"""SimpleCIDRAffinityFilter: hints `build_near_host_ip` and `cidr` name a network of hosts."""

from __future__ import annotations

import ipaddress

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.hints import words
from nova_appliance.scheduler.scene import Scene


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts whose address is outside."""
    near = words(scene.hints, "build_near_host_ip")
    if not near:
        return None
    size = next(iter(words(scene.hints, "cidr")), "/24").lstrip("/")
    try:
        network = ipaddress.ip_network(f"{near[0]}/{size}", strict=False)
        inside = ipaddress.ip_address(scene.inventory(host).host_ip) in network
    except ValueError:
        return f"{near[0]}/{size} is no network"
    return None if inside else f"address is outside of {network}"
