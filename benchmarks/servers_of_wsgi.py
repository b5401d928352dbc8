# SPDX-License-Identifier: Apache-2.0
"""The same application under gunicorn (gthread) and under granian: lists and shows, side by side."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from fixtures.daemons import Cluster, answers, script
from fixtures.mariadb import free_port
from rich.table import Table

from benchmarks import clouds
from benchmarks.client import Caller, children, measure, throughput

THREADS = 16
CLIENTS = 16
COLUMNS = (
    "server", "request", "best ms", "median ms", "CPU ms", f"{CLIENTS} clients: 1/s", "95 % ms",
)  # fmt: skip


def run(folder: Path, given: argparse.Namespace) -> Table:
    table = Table(title=f"WSGI servers, one worker of {THREADS} threads, MariaDB")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in COLUMNS[:2] else "right")
    with clouds.cluster(folder) as found:
        clouds.fill(found, given.servers)
        daemon, caller = clouds.serve(found)
        for _ in range(2):
            _measure(table, "gunicorn", caller, clouds.worker(daemon))
            if not script("granian").exists():
                table.caption = "granian is not installed: pip install granian"
                break
            with _granian(found) as (pid, port):
                _measure(table, "granian", Caller(port, caller.headers["X-Auth-Token"]), pid)
    return table


def _measure(table: Table, name: str, caller: Caller, pid: int) -> None:
    one = caller.get("/servers?limit=1")["servers"][0]["id"]
    for label, path, rounds in (
        ("GET /servers/detail", "/servers/detail?limit=1000", 20),
        ("GET /servers/{id}", f"/servers/{one}", 200),
    ):
        alone = measure(caller, path, rounds, pid)
        rate, crowd = throughput(caller, path, CLIENTS, max(5, rounds // 4))
        figures = (alone.best, alone.median, alone.cpu, rate, crowd.worst)
        table.add_row(name, label, *(f"{figure:.1f}" for figure in figures))


@contextlib.contextmanager
def _granian(found: Cluster) -> Iterator[tuple[int, int]]:
    """Process id of its worker, and its port."""
    port = free_port()
    words = ["--interface", "wsgi", "--workers", "1", "--blocking-threads", str(THREADS)]
    words += ["--host", "127.0.0.1", "--port", str(port), "--http", "1", "--no-log"]
    process = subprocess.Popen(
        [str(script("granian")), *words, "benchmarks.application:app"],
        env={**os.environ, "NOVA_CONF": str(found.conf), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        clouds.wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthcheck"), 60)
        yield children(process.pid)[0], port
    finally:
        process.terminate()
        process.wait(30)
