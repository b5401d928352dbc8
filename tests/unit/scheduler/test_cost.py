# SPDX-License-Identifier: Apache-2.0
"""What a decision costs among 100, 1,000 and 10,000 hosts: a fixed number of statements, and time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from fixtures import hosts as made

from nova_appliance.db.cells import Cells
from nova_appliance.db.tables.api import HOSTS
from nova_appliance.rpc.orders import Chosen, NoHostFits
from nova_appliance.scheduler.choose import choose_hosts

LIMIT_S = 0.05
"""CPU seconds of a decision among 10,000 hosts."""


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


def test_the_number_of_statements_does_not_grow(many: Cells, tmp_path: Path) -> None:
    few = made.make_cells(tmp_path)
    made.add_hosts(few, 100)
    # Many hosts are read in a window that starts anywhere, so it may wrap around the end once.
    assert statements(few) <= statements(many) <= statements(few) + 1


def test_a_decision_is_quick_among_10000_hosts(many: Cells) -> None:
    desk = made.desk(many)
    took = []
    for _ in range(8):
        order = made.order(many)
        started = time.thread_time()
        assert isinstance(choose_hosts(desk, order), Chosen)
        took.append(time.thread_time() - started)
    assert sorted(took)[2] < LIMIT_S, took


def test_it_is_also_quick_when_one_host_of_10000_is_left(many: Cells) -> None:
    with many.api.write() as conn:
        conn.execute(sa.update(HOSTS).where(HOSTS.c.host == "h7777").values(memory_limit_mib=10**6))
    desk = made.desk(many)
    order = made.order(many, memory_mib=400_000)
    started = time.thread_time()
    answer = choose_hosts(desk, order)
    took = time.thread_time() - started
    assert isinstance(answer, Chosen)
    assert answer.host == "h7777"
    assert took < 2 * LIMIT_S


def test_why_nobody_fits_is_counted_by_the_database(many: Cells) -> None:
    desk = made.desk(many)
    started = time.thread_time()
    answer = choose_hosts(desk, made.order(memory_mib=10**7))
    assert time.thread_time() - started < 4 * LIMIT_S
    assert isinstance(answer, NoHostFits)
    assert answer.refused == {"memory": 10_000}
