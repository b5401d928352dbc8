# SPDX-License-Identifier: Apache-2.0
"""GET /servers, /servers/detail and /servers/{id} over HTTP, from one worker of nova-api."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.table import Table

from benchmarks import clouds
from benchmarks.client import Caller, measure

ROUNDS = 40
SHAPE = (100, 1000, 5000)
COLUMNS = "request", "servers", "best ms", "median ms", "95 % ms", "CPU ms", "KiB", "target"
TARGETS = {"detail": 60.0, "show": 3.0}


def run(folder: Path, given: argparse.Namespace) -> Table:
    name = "SQLite" if given.sqlite else "MariaDB"
    table = Table(title=f"Lists: {name}, one worker, newest microversion, limit 1000")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "request" else "right")
    with clouds.cluster(folder, sqlite=given.sqlite) as found:
        daemon, caller = clouds.serve(found)
        pid, there = clouds.worker(daemon), 0
        for count in sorted({*SHAPE, given.servers}):
            clouds.fill(found, count - there, there)
            there = count
            _measure(table, caller, pid, count, targets=count == given.servers)
    return table


def _measure(table: Table, caller: Caller, pid: int, count: int, *, targets: bool) -> None:
    one = caller.get("/servers?limit=1")["servers"][0]["id"]
    paths = {
        "GET /servers": ("/servers?limit=1000", ""),
        "GET /servers/detail": ("/servers/detail?limit=1000", "detail"),
        "GET /servers/{id}": (f"/servers/{one}", "show"),
    }
    for label, (path, target) in paths.items():
        found = measure(caller, path, ROUNDS, pid)
        most = f"{TARGETS[target]:.0f}" if targets and target in TARGETS else ""
        figures = (found.best, found.median, found.worst, found.cpu)
        cells = (f"{figure:.1f}" for figure in figures)
        table.add_row(label, str(count), *cells, f"{found.size / 1024:.0f}", most)
