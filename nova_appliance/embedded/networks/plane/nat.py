# SPDX-License-Identifier: Apache-2.0
"""Address translation of a router (floating IPs, SNAT), and forwarding of the machine itself."""

from __future__ import annotations

import contextlib
import ipaddress
from pathlib import Path

from nova_appliance.embedded.networks.plane import names, nudge
from nova_appliance.embedded.networks.plane.nft import Chain, Table
from nova_appliance.embedded.networks.plane.wanted import Router
from nova_appliance.embedded.settings import Settings

FORWARD = Path("/proc/sys/net/ipv4/ip_forward")


def router_table(router: Router) -> Table:
    """The nftables table in a router's namespace."""
    floats = router.floating
    arriving = [f"ip daddr {outer} dnat to {inner}" for outer, inner in floats]
    leaving = [
        f'oifname "{router.outside}" ip saddr {inner} snat to {outer}' for outer, inner in floats
    ]
    # A server that talks to a neighbour's floating IP must not get its answer past the router.
    back = 'oifname "qr-*" ct status dnat ip saddr'
    turned = [f"{back} {inner} snat to {outer}" for outer, inner in floats]
    if router.snat_ip:
        leaving.append(f'oifname "{router.outside}" snat to {router.snat_ip}')
        turned += [f"{back} {net} snat to {router.snat_ip}" for net in _inside(router)]
    to_metadata = f"ip daddr {names.METADATA} tcp dport 80"
    arriving.append(f'iifname "qr-*" {to_metadata} redirect to :{names.METADATA_PORT}')
    chains = {
        "asked": Chain(
            (f'iifname != "qr-*" tcp dport {names.METADATA_PORT} drop',),
            "type filter hook input priority 0; policy accept;",
        ),
        "arriving": Chain(
            tuple(arriving), "type nat hook prerouting priority -100; policy accept;"
        ),
        "leaving": Chain(
            tuple(leaving + turned), "type nat hook postrouting priority 100; policy accept;"
        ),
    }
    return Table("ip", names.FILTER, {}, chains)


def _inside(router: Router) -> list[str]:
    own = [
        one for cable in router.cables if cable.inner != router.outside for one in cable.addresses
    ]
    return [str(ipaddress.ip_interface(one).network) for one in own if ":" not in one]


def forward(settings: Settings) -> None:
    """Let the machine forward, remembering whether it did before."""
    before = nudge.directory(settings) / "ip_forward.before"
    present = FORWARD.read_text().strip()
    if present != "1":
        if not before.exists():
            before.write_text(present)
        FORWARD.write_text("1")


def stop_forwarding(settings: Settings) -> None:
    """As it was before `forward` changed it."""
    with contextlib.suppress(FileNotFoundError):
        before = nudge.directory(settings) / "ip_forward.before"
        FORWARD.write_text(before.read_text())
        before.unlink()
