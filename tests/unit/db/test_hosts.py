# SPDX-License-Identifier: Apache-2.0
"""Nodes and services in the databases: reports, pages, search, liveness."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures import hosts as made

from nova_appliance.common import clock, ids
from nova_appliance.db import hosts, services
from nova_appliance.db.cells import Cells
from nova_appliance.domain.service import Service

NOW = clock.SYSTEM.now()


@pytest.fixture
def cells(tmp_path: Path) -> Iterator[Cells]:
    cells = made.make_cells(tmp_path)
    yield cells
    cells._databases.dispose()


def test_nodes_come_in_pages_and_by_search(cells: Cells) -> None:
    for name in ("web-1", "web_2", "db-1"):
        made.add_host(cells, name)
    with cells.api.read() as conn:
        every = hosts.list_(conn)
        assert [host.node for host in every] == ["web-1", "web_2", "db-1"]
        assert [h.node for h in hosts.list_(conn, after=every[0].row, limit=1)] == ["web_2"]
        assert [h.node for h in hosts.list_(conn, pattern="web")] == ["web-1", "web_2"]
        assert [h.node for h in hosts.list_(conn, pattern="web_")] == ["web_2"]
        assert [h.node for h in hosts.list_(conn, hosts=["db-1"])] == ["db-1"]
        assert hosts.get(conn, every[1].id) == hosts.get(conn, every[1].row) == every[1]
        assert hosts.get(conn, ids.new_id()) is None
    assert every[0].inventory.cpu_info["model"] == "host"


def test_removing_a_host_takes_its_claims_along(cells: Cells) -> None:
    made.add_host(cells, "a")
    with cells.api.write() as conn:
        assert hosts.remove(conn, "a")
        assert not hosts.remove(conn, "a")
        assert hosts.list_(conn) == ()


def test_a_daemon_checks_in_again_and_again(cells: Cells) -> None:
    with cells.database(made.CELL1).write() as conn:
        first = services.check_in(conn, "h", "nova-compute", 1, NOW)
        again = services.check_in(conn, "h", "nova-compute", 2, NOW)
        services.check_in(conn, "h", "nova-conductor", 2, NOW)
        assert (first.reports, again.reports, again.version) == (1, 2, 2)
        assert (again.id, again.topic, again.disabled) == (first.id, "compute", False)
        assert len(services.list_(conn)) == 2
        assert services.list_(conn, binary="nova-compute") == (again,)
        assert services.list_(conn, host="elsewhere") == ()
        assert services.change(conn, first.id, disabled=True, disabled_reason="repair")
        changed = services.get(conn, first.row)
        assert changed is not None
        assert (changed.disabled, changed.disabled_reason) == (True, "repair")
        assert services.remove(conn, first.id)
        assert not services.remove(conn, first.id)
        assert services.get(conn, first.id) is None
        assert not services.change(conn, first.id, disabled=False)


@pytest.mark.parametrize(
    ("age_s", "forced", "up"),
    [(0, False, True), (60, False, True), (61, False, False), (0, True, False)],
)
def test_a_service_is_up_while_it_reports(cells: Cells, age_s: int, forced: bool, up: bool) -> None:
    with cells.database(made.CELL1).write() as conn:
        service = services.check_in(conn, "h", "nova-compute", 1, NOW)
        services.change(conn, service.id, forced_down=forced)
        service = services.list_(conn)[0]
    assert service.last_seen_at is not None
    now = service.last_seen_at + dt.timedelta(seconds=age_s)
    assert services.is_up(service, now, 60) is up


def test_a_daemon_is_steady_from_its_last_start_or_long_silence_on(cells: Cells) -> None:
    with cells.database(made.CELL1).write() as conn:
        first = services.check_in(conn, "h", "nova-compute", 1, NOW)
        assert first.steady_since == first.last_seen_at
        services.note_gap(conn, "h", "nova-compute", NOW, 60)
        assert services.list_(conn)[0].steady_since == first.steady_since
        for started_at, down_s in ((NOW, -1), (NOW + dt.timedelta(seconds=1), 60)):
            before = services.list_(conn)[0].steady_since
            services.note_gap(conn, "h", "nova-compute", started_at, down_s)
            after = services.check_in(conn, "h", "nova-compute", 1, started_at).steady_since
            assert before is not None
            assert after is not None
            assert after > before


NEWS = {
    "steady": {"last_seen_at": NOW, "steady_since": NOW - dt.timedelta(seconds=60)},
    "long": {"last_seen_at": NOW},
    "back": {"last_seen_at": NOW, "steady_since": NOW - dt.timedelta(seconds=59)},
    "fading": {"last_seen_at": NOW - dt.timedelta(seconds=59)},
    "silent": {"last_seen_at": NOW - dt.timedelta(seconds=61)},
    "down": {"last_seen_at": NOW, "forced_down": True},
}


@pytest.mark.parametrize(
    ("hosts_are", "nothing"),
    [
        ("silent steady", False),
        ("silent long", False),
        ("silent back", True),
        ("silent silent", True),
        ("silent fading", True),
        ("silent fading steady", False),
        ("silent silent down", True),
        ("silent back steady", False),
        ("silent", False),
        ("silent down", False),
    ],
)
def test_silence_says_something_only_beside_one_who_was_heard_all_the_while(
    hosts_are: str, nothing: bool
) -> None:
    name = {"binary": "nova-compute", "topic": "compute", "version": 1}
    found = [
        Service(row=n, id=str(n), host=f"h{n}", started_at=NOW, created_at=NOW, **name, **NEWS[one])
        for n, one in enumerate(hosts_are.split())
    ]
    assert services.says_nothing(found, NOW, 60) is nothing
