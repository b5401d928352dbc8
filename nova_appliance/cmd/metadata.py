# SPDX-License-Identifier: Apache-2.0
"""nova-api-metadata: console script that serves metadata to guests, behind Neutron's proxies."""

from __future__ import annotations

from collections.abc import Sequence

from nova_appliance.cmd import wiring
from nova_appliance.cmd.workers import Serving, Workers
from nova_appliance.metadata import app


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; requests under way are answered."""
    conf = wiring.configure("nova-api-metadata", argv)
    app.check(conf)
    serving = Serving(
        name="nova-api-metadata",
        host=conf.metadata_listen,
        port=conf.metadata_listen_port,
        workers=conf.metadata_workers,
        threads=conf.metadata_threads,
    )
    Workers(serving, lambda: app.make_app(wiring.make_cloud(conf))).run()
    return 0
