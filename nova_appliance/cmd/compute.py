# SPDX-License-Identifier: Apache-2.0
"""nova-compute: console script of the daemon on a hypervisor host; it opens no database."""

from __future__ import annotations

from collections.abc import Sequence

from nova_appliance.cmd import wiring
from nova_appliance.compute.service import Service


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; guests keep running."""
    return wiring.main_of("nova-compute", Service, argv)
