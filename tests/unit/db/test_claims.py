# SPDX-License-Identifier: Apache-2.0
"""Claims: one transaction each, harmless when doubled, never more than a host has."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from fixtures import hosts as made
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nova_appliance.common import ids
from nova_appliance.db import hosts, server_groups
from nova_appliance.db.cells import CELL0, Cells
from nova_appliance.db.engines import Databases
from nova_appliance.db.tables import api, cell
from nova_appliance.db.tables.api import CLAIMS, HOSTS
from nova_appliance.domain.host import Amounts, Host
from nova_appliance.domain.server_group import ServerGroup
from nova_appliance.rpc.orders import Chosen
from nova_appliance.scheduler.choose import choose_hosts

ONE = Amounts(vcpus=1, memory_mib=1024, disk_gib=1)


@pytest.fixture
def cells(tmp_path: Path) -> Iterator[Cells]:
    cells = made.make_cells(tmp_path)
    yield cells
    cells._databases.dispose()


def the_host(cells: Cells, host_id: str) -> Host:
    with cells.api.read() as conn:
        host = hosts.get(conn, host_id)
    assert host is not None
    return host


def claim(cells: Cells, host_id: str, server_id: str, amounts: Amounts = ONE) -> bool:
    return cells.api.transact(lambda conn: hosts.claim(conn, host_id, server_id, amounts))


def release(cells: Cells, server_id: str) -> int:
    return cells.api.transact(lambda conn: hosts.release(conn, server_id))


def test_claiming_twice_counts_once_and_releasing_twice_is_harmless(cells: Cells) -> None:
    host_id, server_id = made.add_host(cells, "a"), ids.new_id()
    assert claim(cells, host_id, server_id)
    assert claim(cells, host_id, server_id)
    host = the_host(cells, host_id)
    assert host.used == ONE
    assert (host.servers, host.building) == (1, 1)
    cells.api.transact(lambda conn: hosts.settle(conn, server_id))
    cells.api.transact(lambda conn: hosts.settle(conn, server_id))
    assert (the_host(cells, host_id).servers, the_host(cells, host_id).building) == (1, 0)
    assert [release(cells, server_id) for _ in range(2)] == [1, 0]
    host = the_host(cells, host_id)
    assert host.used == Amounts(vcpus=0, memory_mib=0, disk_gib=0)
    assert (host.servers, host.building) == (0, 0)


@pytest.mark.parametrize(
    "amounts",
    [
        Amounts(vcpus=9, memory_mib=1, disk_gib=1),
        Amounts(vcpus=1, memory_mib=8193, disk_gib=1),
        Amounts(vcpus=1, memory_mib=1, disk_gib=101),
    ],
)
def test_a_host_gives_no_more_than_it_has(cells: Cells, amounts: Amounts) -> None:
    host_id = made.add_host(cells, "a")
    assert not claim(cells, host_id, ids.new_id(), amounts)
    assert the_host(cells, host_id).servers == 0


def test_hosts_that_are_disabled_or_gone_give_nothing(cells: Cells) -> None:
    host_id = made.add_host(cells, "a")
    with cells.api.write() as conn:
        hosts.set_disabled(conn, "a", disabled=True)
    assert not claim(cells, host_id, ids.new_id())
    assert not claim(cells, ids.new_id(), ids.new_id())


def test_a_release_may_be_of_one_host_or_purpose(cells: Cells) -> None:
    here, there, server_id = made.add_host(cells, "a"), made.add_host(cells, "b"), ids.new_id()
    for host_id in (here, there):
        assert claim(cells, host_id, server_id)
    with cells.api.write() as conn:
        assert hosts.claim(conn, here, server_id, ONE, "move")
        assert hosts.release(conn, server_id, here, "move") == 1
        assert hosts.release(conn, server_id, there) == 1
    assert (the_host(cells, here).servers, the_host(cells, there).servers) == (1, 0)


def test_recount_repairs_sums(cells: Cells) -> None:
    host_id, server_id = made.add_host(cells, "a"), ids.new_id()
    assert claim(cells, host_id, server_id)
    with cells.api.write() as conn:
        assert hosts.recount(conn) == 0
        conn.execute(sa.update(HOSTS).values(vcpus_used=77, building=-2))
        assert hosts.recount(conn) == 1
    assert the_host(cells, host_id).used == ONE
    assert the_host(cells, host_id).building == 1


def test_a_new_report_keeps_what_is_claimed(cells: Cells) -> None:
    host_id = made.add_host(cells, "a")
    assert claim(cells, host_id, ids.new_id())
    assert made.add_host(cells, "a", memory_mib=16384) == host_id
    host = the_host(cells, host_id)
    assert (host.limits.memory_mib, host.used) == (16384, ONE)


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["claim", "release", "settle"]),
        st.integers(0, 3),
        st.builds(
            Amounts,
            vcpus=st.integers(0, 5),
            memory_mib=st.integers(0, 5000),
            disk_gib=st.integers(0, 60),
        ),
    ),
    max_size=20,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(DEEDS)
def test_sums_always_agree_with_claims_and_limits(
    cells: Cells, deeds: list[tuple[str, int, Amounts]]
) -> None:
    host_id = made.add_host(cells, "a")
    servers = [ids.new_id() for _ in range(4)]
    for verb, number, amounts in deeds:
        with cells.api.write() as conn:
            if verb == "claim":
                hosts.claim(conn, host_id, servers[number], amounts)
            elif verb == "release":
                hosts.release(conn, servers[number])
            else:
                hosts.settle(conn, servers[number])
        host = the_host(cells, host_id)
        for name in ("vcpus", "memory_mib", "disk_gib"):
            assert 0 <= getattr(host.used, name) <= getattr(host.limits, name)
    with cells.api.write() as conn:
        assert hosts.recount(conn) == 0
        for server_id in servers:
            hosts.release(conn, server_id)
    assert the_host(cells, host_id).servers == 0


def ask(folder: Path, count: int) -> int:
    """One scheduler process with threads; how many servers got a host."""
    cells = made.open_cells(folder)
    return _ask(cells, count)


def _ask(cells: Cells, count: int) -> int:
    desk = made.desk(cells)
    orders = [made.order(cells, memory_mib=1024) for _ in range(count)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda order: choose_hosts(desk, order), orders * 2)
        placed = {o.server_id for o, a in zip(orders * 2, answers, strict=True)
                  if isinstance(a, Chosen)}  # fmt: skip
    return len(placed)


def assert_full_and_true(cells: Cells, placed: int) -> None:
    with cells.api.write() as conn:
        every = hosts.list_(conn)
        claims = conn.execute(sa.select(CLAIMS.c.server_id)).scalars().all()
        assert hosts.recount(conn) == 0
    assert len(claims) == len(set(claims)) == placed
    assert [host.used.memory_mib for host in every] == [8192, 8192, 8192]


def test_two_schedulers_in_processes_and_threads_never_over_commit(
    cells: Cells, tmp_path: Path
) -> None:
    for name in "abc":
        made.add_host(cells, name)
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        placed = sum(pool.map(ask, [tmp_path] * 2, [16] * 2))
    assert placed == 24
    assert_full_and_true(cells, placed)


@pytest.fixture
def real_cells(mariadb) -> Iterator[Cells]:  # type: ignore[no-untyped-def]
    databases = Databases(mariadb.url("claims_api"))
    api.METADATA.create_all(databases.api.engine)
    for cell_id, name in ((CELL0, "claims_cell0"), (made.CELL1, "claims_cell1")):
        url = mariadb.url(name)
        made.map_cell(databases, cell_id, name, url)
        cell.METADATA.create_all(databases.at(url).engine)
    yield Cells(databases)
    databases.dispose()


def place_group(cells: Cells, policy: str, count: int) -> list[str]:
    """Ask at once for the members of a new group; the hosts that were given."""
    group = ServerGroup(id=ids.new_id(), project_id="p", user_id="u", name="g", policy=policy)
    with cells.api.write() as conn:
        server_groups.add(conn, group)
    desks = [made.desk(cells), made.desk(cells)]
    orders = [made.order(cells, group=group.id) for _ in range(count)]
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        answers = pool.map(lambda n: choose_hosts(desks[n % 2], orders[n]), range(count))
        return [answer.host for answer in answers if isinstance(answer, Chosen)]


@pytest.mark.parametrize("kind", ["cells", "real_cells"])
def test_hard_group_policies_hold_when_members_come_at_once(
    kind: str, request: pytest.FixtureRequest
) -> None:
    cells = request.getfixturevalue(kind)
    for name in "abcde":
        made.add_host(cells, name)
    apart = place_group(cells, "anti-affinity", 8)
    assert sorted(apart) == list("abcde")
    assert len(set(place_group(cells, "affinity", 8))) == 1


def test_the_same_on_mariadb(real_cells: Cells) -> None:
    cells = real_cells
    for name in "abc":
        made.add_host(cells, name)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        placed = sum(pool.map(lambda _: _ask(cells, 16), range(2)))
    assert placed == 24
    assert_full_and_true(cells, placed)
