# SPDX-License-Identifier: Apache-2.0
"""nova-api: console script that serves the Compute API from worker processes with threads."""

from __future__ import annotations

from collections.abc import Sequence

from nova_appliance.api.app import make_app
from nova_appliance.cmd import wiring
from nova_appliance.cmd.workers import Serving, Workers


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; requests under way are answered."""
    conf = wiring.configure("nova-api", argv)
    serving = Serving(
        name="nova-api",
        host=conf.osapi_compute_listen,
        port=conf.osapi_compute_listen_port,
        workers=conf.osapi_compute_workers,
        threads=conf.osapi_compute_threads,
        more={"limit_request_field_size": 16384},
    )
    Workers(serving, lambda: make_app(wiring.make_cloud(conf))).run()
    return 0
