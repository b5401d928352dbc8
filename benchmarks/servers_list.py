# SPDX-License-Identifier: Apache-2.0
"""Times GET /servers, /servers/detail and /servers/{id} with N servers, on MariaDB and SQLite.

`python benchmarks/servers_list.py [N]` starts a MariaDB of its own and stops it again.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fixtures.api import Api
from fixtures.cells import make_cells, make_server, put
from fixtures.mariadb import Mariadb

ROUNDS = 30


def main(argv: list[str]) -> None:
    count = int(argv[0]) if argv else 1000
    print(
        f"{'database':10}{'request':28}{'best ms':>10}{'median ms':>11}{'cpu ms':>9}{'bytes':>10}"
    )
    with tempfile.TemporaryDirectory() as folder:
        server = Mariadb(Path(folder) / "mariadb")
        server.folder.mkdir()
        server.start()
        try:
            measure("mariadb", server.url, count, folder)
        finally:
            server.stop()
        measure("sqlite", lambda name: f"sqlite:///{folder}/{name}.sqlite", count, folder)


def measure(name: str, url_of: Callable[[str], str], count: int, folder: str) -> None:
    cells = make_cells(url_of)
    put(cells, *(make_server(number) for number in range(count)))
    app = Api(folder, cells).app
    entries = json.loads(ask(app, "/v2.1/servers")[1])["servers"]
    paths = {
        "/servers": "/v2.1/servers",
        "/servers/detail": "/v2.1/servers/detail",
        "/servers/{id}": f"/v2.1/servers/{entries[0]['id']}",
    }
    for label, path in paths.items():
        for user in ("user", "admin"):
            times, cpu, size = timed(app, path, user)
            best, median = min(times), statistics.median(times)
            print(f"{name:10}{label + ' ' + user:28}{best:10.1f}{median:11.1f}{cpu:9.1f}{size:10}")


def timed(app: Any, path: str, user: str) -> tuple[list[float], float, int]:
    """Milliseconds of each round, CPU milliseconds of a middling one, bytes of the answer."""
    times, cpu = [], []
    for _ in range(ROUNDS):
        began, used = time.perf_counter(), time.thread_time()
        status, body = ask(app, path, user)
        times.append((time.perf_counter() - began) * 1000)
        cpu.append((time.thread_time() - used) * 1000)
        if status != "200":
            sys.exit(f"{path}: {status} {body[:200]!r}")
    return times, statistics.median(cpu), len(body)


def ask(app: Any, path: str, user: str = "user") -> tuple[str, bytes]:
    lines: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": None,
        "HTTP_X_AUTH_TOKEN": f"{user}:p1",
        "HTTP_OPENSTACK_API_VERSION": "compute latest",
    }
    body = b"".join(app(environ, lambda line, _headers: lines.append(line)))
    return lines[0][:3], body


if __name__ == "__main__":
    main(sys.argv[1:])
