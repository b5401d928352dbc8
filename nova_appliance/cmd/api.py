# SPDX-License-Identifier: Apache-2.0
"""nova-api: console script that serves the Compute API from worker processes with threads."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from typing import Any

from nova_appliance.api import metrics
from nova_appliance.api.app import make_app
from nova_appliance.cmd import own_folder, wiring
from nova_appliance.cmd.workers import Serving, Workers


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; requests under way are answered."""
    conf = wiring.configure("nova-api", argv)
    more: dict[str, Any] = {"limit_request_field_size": 16384}
    if conf.osapi_compute_workers > 1:
        more["on_exit"] = _share_counts()
    serving = Serving(
        name="nova-api",
        host=conf.osapi_compute_listen,
        port=conf.osapi_compute_listen_port,
        workers=conf.osapi_compute_workers,
        threads=conf.osapi_compute_threads,
        more=more,
    )
    Workers(serving, lambda: make_app(wiring.make_cloud(conf))).run()
    return 0


def _share_counts() -> Callable[[object], None]:
    """Let workers keep their metrics in a folder for each other; returns what removes it."""
    folder = own_folder.make("nova-api-metrics-")
    os.environ[metrics.FOLDER] = str(folder)
    return lambda _arbiter: shutil.rmtree(folder, ignore_errors=True)
