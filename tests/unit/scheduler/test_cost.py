# SPDX-License-Identifier: Apache-2.0
"""What a decision costs among 100, 1,000 and 10,000 hosts: a fixed number of statements, and little more time."""

from __future__ import annotations

import statistics
import time
from typing import Any

import pytest
import sqlalchemy as sa
from fixtures import hosts as made

from nova_appliance.db.cells import Cells
from nova_appliance.db.tables.api import HOSTS
from nova_appliance.rpc.orders import Chosen, NoHostFits
from nova_appliance.scheduler.choose import choose_hosts

GROWTH = 10
"""A hundred times as many hosts cost less than so many times as much."""
TRIES = 7


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Cells:
    cells = made.make_cells(tmp_path_factory.mktemp("few"))
    made.add_hosts(cells, 100)
    return cells


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Cells:
    cells = made.make_cells(tmp_path_factory.mktemp("many"))
    made.add_hosts(cells, 10_000)
    return cells


def statements(cells: Cells) -> int:
    """How many statements one decision sends to nova_api and the cell."""
    sent: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    order = made.order(cells)
    engines = [cells.api.engine, cells.database(made.CELL1).engine]
    for engine in engines:
        sa.event.listen(engine, "before_cursor_execute", note)
    assert isinstance(choose_hosts(made.desk(cells), order), Chosen)
    for engine in engines:
        sa.event.remove(engine, "before_cursor_execute", note)
    return len(sent)


def growth(few: Cells, many: Cells, **asked: Any) -> float:
    """What this decision among many hosts costs, in plain ones among few: medians of processor time, by turns."""
    costs: dict[str, list[float]] = {"few": [], "many": []}
    for _ in range(TRIES):
        for name, cells, wanted in (("few", few, {}), ("many", many, asked)):
            desk, order = made.desk(cells), made.order(cells, **wanted)
            started = time.thread_time()
            choose_hosts(desk, order)
            costs[name].append(time.thread_time() - started)
    return statistics.median(costs["many"]) / statistics.median(costs["few"])


def test_the_number_of_statements_does_not_grow(few: Cells, many: Cells) -> None:
    # Many hosts are read in a window that starts anywhere, so it may wrap around the end once.
    assert statements(few) <= statements(many) <= statements(few) + 1


def test_a_decision_among_10000_hosts_is_not_much_dearer(few: Cells, many: Cells) -> None:
    assert growth(few, many) < GROWTH


def test_nor_is_it_when_one_host_of_10000_is_left(few: Cells, many: Cells) -> None:
    with many.api.write() as conn:
        conn.execute(sa.update(HOSTS).where(HOSTS.c.host == "h7777").values(memory_limit_mib=10**6))
    large = {"memory_mib": 400_000}
    answer = choose_hosts(made.desk(many), made.order(many, **large))
    assert isinstance(answer, Chosen)
    assert answer.host == "h7777"
    assert growth(few, many, **large) < GROWTH


def test_why_nobody_fits_is_counted_by_the_database(few: Cells, many: Cells) -> None:
    larger = {"memory_mib": 10**7}
    answer = choose_hosts(made.desk(many), made.order(many, **larger))
    assert isinstance(answer, NoHostFits)
    assert answer.refused == {"memory": 10_000}
    assert growth(few, many, **larger) < GROWTH
