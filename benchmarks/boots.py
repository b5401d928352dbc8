# SPDX-License-Identifier: Apache-2.0
"""Parallel POST /servers until all are ACTIVE, on the fake driver: a cluster, and one process."""

from __future__ import annotations

import argparse
import collections
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from fixtures.whole_cloud import WholeCloud
from rich.table import Table

from benchmarks import clouds
from benchmarks.client import Caller

HOSTS = 3
TARGET_S = 10.0


def run(folder: Path, given: argparse.Namespace) -> Table:
    table = Table(title=f"{given.boots} parallel POST /servers on the fake driver")
    for column in ("cloud", "all accepted s", "all ACTIVE s", "all deleted s", "target s"):
        table.add_column(column, justify="left" if column == "cloud" else "right")
    for label, measured in (
        ("one process, SQLite", _embedded(folder / "one", given.boots)),
        ("daemons, MariaDB, RabbitMQ", _daemons(folder / "many", given.boots)),
    ):
        table.add_row(label, *(f"{figure:.1f}" for figure in measured), f"{TARGET_S:.0f}")
    return table


def _embedded(folder: Path, count: int) -> tuple[float, float, float]:
    folder.mkdir()
    cloud = WholeCloud(folder).start()
    try:
        connection = cloud.connect()
        caller = Caller(cloud.settings.compute_port, connection.auth_token)
        return _boot(caller, _wanted(connection), count)
    finally:
        cloud.stop()


def _daemons(folder: Path, count: int) -> tuple[float, float, float]:
    with clouds.cluster(folder) as found:
        for binary in ("nova-scheduler", "nova-conductor"):
            found.begin(binary, "c1")
        for number in range(HOSTS):
            found.begin("nova-compute", f"h{number}")
        _daemon, caller = clouds.serve(found, workers=2)
        clouds.wait_until(lambda: len(caller.get("/os-hypervisors")["hypervisors"]) == HOSTS, 60)
        return _boot(caller, _wanted(found.connect()), count)


def _wanted(connection: Any) -> dict[str, Any]:
    """An image, a flavor, a network, and no limits."""
    image = connection.image.create_image(
        "small", data=b"boot me".ljust(512, b"\0"), disk_format="raw", container_format="bare"
    )
    flavor = connection.compute.create_flavor(name="small", vcpus=1, ram=64, disk=1)
    network = connection.network.create_network(name="bench")
    connection.network.create_subnet(network_id=network.id, cidr="10.40.0.0/16", ip_version=4)
    limits = {"quota_set": {"instances": -1, "cores": -1, "ram": -1}}
    connection.compute.put(f"/os-quota-sets/{connection.current_project_id}", json=limits)
    return {"imageRef": image.id, "flavorRef": flavor.id, "networks": [{"uuid": network.id}]}


def _boot(caller: Caller, wanted: dict[str, Any], count: int) -> tuple[float, float, float]:
    _each(caller, "POST", ["/servers"] * 3, {"server": {"name": "first", **wanted}})
    clouds.wait_until(lambda: _statuses(caller) == {"ACTIVE": 3}, 60)
    began = time.perf_counter()
    _each(caller, "POST", ["/servers"] * count, {"server": {"name": "many", **wanted}})
    accepted = time.perf_counter() - began
    clouds.wait_until(lambda: _statuses(caller) == {"ACTIVE": count + 3}, 300)
    active = time.perf_counter() - began
    began = time.perf_counter()
    ids = [server["id"] for server in caller.get("/servers")["servers"]]
    _each(caller, "DELETE", [f"/servers/{server_id}" for server_id in ids])
    clouds.wait_until(lambda: not _statuses(caller), 300)
    return accepted, active, time.perf_counter() - began


def _each(caller: Caller, method: str, paths: list[str], body: Any = None) -> None:
    """All at once, each on a connection of its own."""
    with ThreadPoolExecutor(len(paths)) as pool:
        ends = list(pool.map(lambda path: caller.another().ask(method, path, body), paths))
    if bad := [end for end in ends if end[0] not in (202, 204)]:
        raise RuntimeError(f"{len(bad)} refused: {bad[0]}")


def _statuses(caller: Caller) -> dict[str, int]:
    found = caller.get("/servers/detail")["servers"]
    return collections.Counter(server["status"] for server in found)
