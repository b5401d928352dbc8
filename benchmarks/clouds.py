# SPDX-License-Identifier: Apache-2.0
"""What is measured: a cluster of daemons with some thousand servers in its databases."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fixtures.cells import make_server, put
from fixtures.daemons import Cluster, Daemon, answers

from benchmarks.client import Caller, children
from nova_appliance.common import clock
from nova_appliance.db.cells import CELL0, Cells
from nova_appliance.db.engines import Databases

FAKE = {"compute_driver": "fake"}
ROOMY = {"fake_vcpus": 512, "fake_memory_mb": 1 << 20, "fake_disk_gb": 1 << 16}


@contextlib.contextmanager
def cluster(folder: Path, *, sqlite: bool = False) -> Iterator[Cluster]:
    """Databases with their schemas, neighbours, a message bus; no daemon yet."""
    folder.mkdir(exist_ok=True)
    found = Cluster(folder, DEFAULT=FAKE, compute=ROOMY)
    if sqlite:
        found.database_url = lambda name: f"sqlite:///{folder}/{name}.sqlite"
    try:
        found.start()
        found.make_databases()
        yield found
    finally:
        found.close()


def serve(found: Cluster, workers: int = 1) -> tuple[Daemon, Caller]:
    """nova-api with that many workers, and a caller who is admin."""
    daemon = found.begin("nova-api", "a1", osapi_compute_workers=workers)
    wait_until(lambda: answers(f"{found.api_url}/healthcheck"), 60)
    return daemon, caller(found)


def caller(found: Cluster) -> Caller:
    """The admin of the cloud."""
    return Caller(found.settings.compute_port, found.connect().auth_token)


def worker(daemon: Daemon) -> int:
    """The only worker of a nova-api."""
    (pid,) = children(daemon.process.pid)
    return pid


def fill(found: Cluster, count: int, first: int = 0) -> None:
    """Servers of the project `admin`, written in bulk."""
    cells = Cells(Databases(found.database_url("nova_api")))
    (cell_id,) = (cell.id for cell in cells.all_() if cell.id != CELL0)
    project_id = found.connect().current_project_id
    facts: dict[str, Any] = {"cell_id": cell_id, "project_id": project_id}
    for start in range(first, first + count, 1000):
        some = range(start, min(start + 1000, first + count))
        put(cells, *(make_server(number, **facts) for number in some))
    cells.dispose()


def wait_until(condition: Any, timeout_s: float, every_s: float = 0.1) -> None:
    """Raises RuntimeError when it does not come true."""
    if not clock.wait_for(condition, timeout_s, every_s):
        raise RuntimeError(f"waited {timeout_s} s in vain")
