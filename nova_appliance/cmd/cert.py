# SPDX-License-Identifier: Apache-2.0
"""nova-cert: console script of the daemon that is the cluster's certificate authority."""

from __future__ import annotations

from collections.abc import Sequence

from nova_appliance.cert.service import BINARY, Service
from nova_appliance.cmd import wiring


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM."""
    return wiring.main_of(BINARY, lambda conf: Service(wiring.make_cloud(conf)), argv)
