# SPDX-License-Identifier: Apache-2.0
"""nova-conductor: console script of the daemon."""

from __future__ import annotations

from collections.abc import Sequence

from nova_appliance.cmd import wiring
from nova_appliance.conductor.service import Service


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM."""
    return wiring.main_of("nova-conductor", lambda conf: Service(wiring.make_cloud(conf)), argv)
