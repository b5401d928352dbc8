# SPDX-License-Identifier: Apache-2.0
"""nova-scheduler: console script of the daemon."""

from __future__ import annotations

from collections.abc import Sequence

from nova_appliance.cmd import wiring
from nova_appliance.scheduler.service import Service


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM."""
    return wiring.main_of("nova-scheduler", lambda conf: Service(wiring.make_cloud(conf)), argv)
