# SPDX-License-Identifier: Apache-2.0
"""The same questions put to upstream Nova and to this one by turns: one MariaDB, one identity.

Upstream's is installed from PyPI into a venv of its own, which is kept for the next run. Both
serve with gunicorn: one worker, 16 threads.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fixtures.daemons import Cluster, answers, write_options
from fixtures.mariadb import free_port
from rich.table import Table

from benchmarks import clouds
from benchmarks.client import Caller, Timing, children, measure

RELEASE = "nova>=34,<35"
VENV = Path(tempfile.gettempdir()) / "upstream-nova"
TURNS = 3
DATABASES = {"api": "up_api", "main": "up_main"}
PATHS = {
    "/servers/detail?limit={count}": 2,
    "/servers?limit={count}": 5,
    "/servers/{id}": 30,
    "/flavors": 30,
}
"""Path > requests in each turn."""
COLUMNS = "request", "servers", "whose", "best ms", "median ms", "CPU ms", "KiB"


def run(folder: Path, given: argparse.Namespace) -> Table:
    table = Table(title="Beside upstream Nova, MariaDB, one worker, newest microversion")
    for column in COLUMNS:
        table.add_column(column, justify="right" if "ms" in column else "left")
    _install()
    with clouds.cluster(folder) as found:
        clouds.fill(found, given.servers)
        daemon, ours = clouds.serve(found)
        with _serve(found, given.servers) as (pid, theirs):
            sides = {"ours": (clouds.worker(daemon), ours), "upstream": (pid, theirs)}
            for path, rounds in PATHS.items():
                _compare(table, path, rounds, given.servers, sides)
    return table


def _compare(
    table: Table, path: str, rounds: int, count: int, sides: dict[str, tuple[int, Caller]]
) -> None:
    """By turns, so that a machine whose speed wanders wanders for both."""
    found: dict[str, list[Timing]] = {name: [] for name in sides}
    for _ in range(TURNS):
        for name, (pid, caller) in sides.items():
            fresh = caller.another()  # the other's turn may outlast a kept-open connection
            one = fresh.get("/servers?limit=1")["servers"][0]["id"]
            asked = path.format(id=one, count=count)
            found[name].append(measure(fresh, asked, rounds, pid))
    for name, timings in found.items():
        both = Timing(
            [time for timing in timings for time in timing.times],
            sum(timing.cpu for timing in timings) / len(timings),
            timings[0].size,
        )
        figures = (f"{figure:.1f}" for figure in (both.best, both.median, both.cpu))
        table.add_row(
            f"GET {path.partition('?')[0]}", str(count), name, *figures, f"{both.size / 1024:.0f}"
        )


# ---- upstream Nova


def _install() -> None:
    if not (VENV / "bin" / "nova-manage").exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        pip = [str(VENV / "bin" / "pip"), "install", "-q", RELEASE, "gunicorn", "PyMySQL"]
        subprocess.run(pip, check=True, stdout=sys.stderr)


def _run(*words: str) -> None:
    done = subprocess.run(
        [str(VENV / "bin" / words[0]), *words[1:]], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{words}: {done.stdout[-2000:]} {done.stderr[-2000:]}")


@contextlib.contextmanager
def _serve(found: Cluster, count: int) -> Iterator[tuple[int, Caller]]:
    """Its databases, made and filled; its API. The worker's pid and a caller."""
    port, folder = free_port(), found.folder / "upstream"
    folder.mkdir()
    conf = folder / "nova.conf"
    write_options(conf, _options(found, folder))
    manage = "nova-manage", "--config-file", str(conf)
    _run(*manage, "api_db", "sync")
    zero = found.mariadb.url(f"{DATABASES['main']}_cell0")
    _run(*manage, "cell_v2", "map_cell0", "--database_connection", zero)
    _run(*manage, "cell_v2", "create_cell", "--name", "cell1")
    _run(*manage, "db", "sync")
    connection = found.connect()
    who = connection.current_project_id, connection.current_user_id
    _run("python", str(Path(__file__).with_name("upstream_rows.py")), str(conf), str(count), *who)
    gunicorn = {
        "wsgi_app": "nova.wsgi.osapi_compute:application", "bind": f"127.0.0.1:{port}",
        "workers": 1, "threads": 16, "worker_class": "gthread", "timeout": 300, "keepalive": 75,
        "control_socket_disable": True,
    }  # fmt: skip
    lines = [f"{name} = {value!r}" for name, value in gunicorn.items()]
    (folder / "gunicorn.conf.py").write_text("\n".join(lines) + "\n")
    environ = {**os.environ, "OS_NOVA_CONFIG_DIR": str(folder)}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [str(VENV / "bin" / "gunicorn")], cwd=folder, env=environ, stdout=log, stderr=log
        )
    try:
        clouds.wait_until(lambda: answers(f"http://127.0.0.1:{port}/"), 120)
        clouds.wait_until(lambda: children(process.pid), 60)
        (pid,) = children(process.pid)
        yield pid, Caller(port, connection.auth_token)
    except (RuntimeError, OSError) as error:
        raise RuntimeError((folder / "log").read_text()[-6000:]) from error
    finally:
        process.terminate()
        process.wait(60)


def _options(found: Cluster, folder: Path) -> dict[str, dict[str, object]]:
    """nova.conf and api-paste.ini as the package brings it."""
    (folder / "api-paste.ini").write_text((VENV / "etc" / "nova" / "api-paste.ini").read_text())
    user = {
        "auth_type": "password", "auth_url": found.settings.identity_url, "username": "nova",
        "password": found.service_password, "project_name": "service",
        "user_domain_name": "Default", "project_domain_name": "Default",
        "region_name": "RegionOne",
    }  # fmt: skip
    return {
        "DEFAULT": {
            "transport_url": found.rabbitmq.url, "state_path": folder, "log_file": folder / "api.log",
            "osapi_compute_workers": 1,
        },
        "api": {"auth_strategy": "keystone", "max_limit": 10000},
        "api_database": {"connection": found.mariadb.url(DATABASES["api"])},
        "database": {"connection": found.mariadb.url(DATABASES["main"])},
        "keystone_authtoken": {**user, "www_authenticate_uri": found.settings.identity_url},
        "neutron": user,
        "placement": user,
        "oslo_concurrency": {"lock_path": folder},
    }  # fmt: skip
