# SPDX-License-Identifier: Apache-2.0
"""nova-xvpvncproxy: console script of the proxy for Java viewers; it opens no database."""

from __future__ import annotations

from collections.abc import Sequence

from nova_appliance.cmd import wiring
from nova_appliance.console.xvp import XvpProxy
from nova_appliance.rpc.client import Client


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; sessions are told to end."""
    return wiring.main_of("nova-xvpvncproxy", lambda conf: XvpProxy(conf, Client(conf)), argv)
