# SPDX-License-Identifier: Apache-2.0
"""nova-novncproxy: console script of the proxy for noVNC consoles; it opens no database."""

from __future__ import annotations

from collections.abc import Sequence

from nova_appliance.cmd import wiring
from nova_appliance.console.proxy import Proxy
from nova_appliance.rpc.client import Client


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; sessions are told to end."""
    return wiring.main_of(
        "nova-novncproxy", lambda conf: Proxy(conf, Client(conf), "nova-novncproxy"), argv
    )
