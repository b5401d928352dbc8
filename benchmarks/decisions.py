# SPDX-License-Identifier: Apache-2.0
"""The scheduler's decision, claim included, among 100, 1000 and 10,000 hosts on MariaDB."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

from fixtures import hosts
from fixtures.mariadb import Mariadb
from rich.table import Table

from nova_appliance.db.cells import CELL0, Cells
from nova_appliance.db.engines import Databases
from nova_appliance.db.tables import api, cell
from nova_appliance.rpc.orders import NoHostFits
from nova_appliance.scheduler.choose import choose_hosts

HOSTS = (100, 1000, 10_000)
ROUNDS = 50


def run(folder: Path, _given: argparse.Namespace) -> Table:
    table = Table(title="One scheduling decision with its claim, MariaDB")
    for column in ("hosts", "best ms", "median ms", "95 % ms", "CPU ms"):
        table.add_column(column, justify="right")
    server = Mariadb(folder).start()
    try:
        for count in HOSTS:
            times, cpu = _measure(_cells(server), count)
            figures = (min(times), statistics.median(times), sorted(times)[-3], cpu)
            table.add_row(str(count), *(f"{figure:.1f}" for figure in figures))
    finally:
        server.stop()
    return table


def _cells(server: Mariadb) -> Cells:
    urls = {name: server.url(name) for name in ("nova_api", "nova_cell0", "nova")}
    databases = Databases(urls["nova_api"])
    api.METADATA.create_all(databases.api.engine)
    for cell_id, name in ((CELL0, "nova_cell0"), (hosts.CELL1, "nova")):
        cell.METADATA.create_all(databases.at(urls[name]).engine)
        hosts.map_cell(databases, cell_id, name, urls[name])
    return Cells(databases)


def _measure(cells: Cells, count: int) -> tuple[list[float], float]:
    hosts.add_hosts(cells, count)
    desk = hosts.desk(cells)
    orders = [hosts.order(cells) for _ in range(ROUNDS + 5)]
    for order in orders[:5]:
        choose_hosts(desk, order)
    used, times = time.process_time(), []
    for order in orders[5:]:
        began = time.perf_counter()
        chosen = choose_hosts(desk, order)
        times.append((time.perf_counter() - began) * 1000)
        if isinstance(chosen, NoHostFits):
            sys.exit(chosen.reason)
    cpu = (time.process_time() - used) * 1000 / ROUNDS
    cells.dispose()
    return times, cpu
