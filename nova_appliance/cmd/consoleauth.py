# SPDX-License-Identifier: Apache-2.0
"""nova-consoleauth: console script of the daemon that gives out and checks console tokens."""

from __future__ import annotations

from collections.abc import Sequence

from nova_appliance.cmd import wiring
from nova_appliance.console.consoleauth import BINARY, Service


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM."""
    return wiring.main_of(BINARY, lambda conf: Service(wiring.make_cloud(conf)), argv)
