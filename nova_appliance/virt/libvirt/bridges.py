# SPDX-License-Identifier: Apache-2.0
"""The Linux bridges that ports are plugged into: Neutron's agent joins them to the network.

Whoever needs a network's bridge first makes it, the agent or we; the agent removes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nova_appliance.common.run import ProgramFailed, run
from nova_appliance.domain.guest import Vif
from nova_appliance.virt.driver import HypervisorFailed

_NETWORK_CARDS = Path("/sys/class/net")


def make_missing(vifs: Iterable[Vif]) -> None:
    """Have each port's bridge, up and without an address of the host; raises HypervisorFailed."""
    for bridge in sorted({vif.bridge for vif in vifs if vif.kind == "bridge" and vif.bridge}):
        if not (_NETWORK_CARDS / bridge).exists():
            _make(bridge)


def _make(bridge: str) -> None:
    settings = ["forward_delay", "0", "stp_state", "0", "mcast_snooping", "0"]
    try:
        run(["ip", "link", "add", "name", bridge, "type", "bridge", *settings])
        run(["ip", "link", "set", bridge, "addrgenmode", "none", "up"])
    except ProgramFailed as error:
        if not (_NETWORK_CARDS / bridge).exists():  # else the agent was quicker
            raise HypervisorFailed(f"The bridge {bridge} could not be made: {error}") from error
