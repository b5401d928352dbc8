# SPDX-License-Identifier: Apache-2.0
"""A host is chosen and claimed: narrowing, order, groups, zones, and why nobody fits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fixtures import hosts as made

from nova_appliance.common import errors, ids
from nova_appliance.db import aggregates, hosts, server_groups
from nova_appliance.db.cells import Cells
from nova_appliance.db.connections import Pool
from nova_appliance.db.engines import Databases
from nova_appliance.db.tables import api, cell
from nova_appliance.db.tables.api import CLAIMS
from nova_appliance.domain.server import ServerImage
from nova_appliance.domain.server_group import ServerGroup
from nova_appliance.rpc.orders import Chosen, NoHostFits
from nova_appliance.scheduler.choose import choose_hosts

IMAGE = ServerImage(id="22222222-2222-4222-8222-222222222222")


@pytest.fixture
def cells(tmp_path: Path) -> Iterator[Cells]:
    cells = made.make_cells(tmp_path)
    yield cells
    cells._databases.dispose()


def chosen(cells: Cells, order: Any, **options: Any) -> str:
    answer = choose_hosts(made.desk(cells, **options), order)
    assert isinstance(answer, Chosen), answer
    return answer.host


def refused(cells: Cells, order: Any, **options: Any) -> NoHostFits:
    answer = choose_hosts(made.desk(cells, **options), order)
    assert isinstance(answer, NoHostFits), answer
    return answer


def add_aggregate(cells: Cells, name: str, metadata: dict[str, str], *members: str) -> None:
    with cells.api.write() as conn:
        number = aggregates.add(conn, name, metadata).row
        for host in members:
            aggregates.add_host(conn, number, host)


def test_the_emptiest_host_is_chosen_and_claimed(cells: Cells) -> None:
    made.add_host(cells, "small", memory_mib=1024)
    big = made.add_host(cells, "big", memory_mib=4096)
    order = made.order(cells, vcpus=2, root_gib=10, image=IMAGE)
    answer = choose_hosts(made.desk(cells), order)
    assert answer == Chosen(host_id=big, host="big", node="big", cell_id=made.CELL1, zone="nova")
    with cells.api.read() as conn:
        host = hosts.get(conn, big)
    assert host is not None
    assert (host.used.vcpus, host.used.memory_mib, host.used.disk_gib) == (2, 512, 10)
    assert (host.servers, host.building) == (1, 1)


def test_asked_again_the_same_claim_is_the_answer(cells: Cells) -> None:
    for name in ("a", "b", "c"):
        made.add_host(cells, name)
    order = made.order(cells)
    assert len({chosen(cells, order) for _ in range(5)}) == 1
    with cells.api.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(CLAIMS)).scalar() == 1


def test_nothing_is_claimed_for_a_server_that_was_deleted_meanwhile(cells: Cells) -> None:
    made.add_host(cells, "a")
    with pytest.raises(errors.Refused, match="is gone"):
        choose_hosts(made.desk(cells), made.order())
    with cells.api.read() as conn:
        assert conn.execute(sa.select(CLAIMS.c.row)).first() is None


def test_a_host_that_failed_is_not_tried_again(cells: Cells) -> None:
    first, second = made.add_host(cells, "a"), made.add_host(cells, "b")
    server_id = ids.new_id()
    made.add_mapping(cells, server_id)
    assert chosen(cells, made.order(server_id=server_id, tried=(first,))) == "b"
    answer = refused(cells, made.order(tried=(first, second)))
    assert answer.reason == "No valid host was found. 2 hosts: 2 failed already."


def test_no_host_says_who_refused_and_what_came_closest(cells: Cells) -> None:
    made.add_host(cells, "down1", up=False)
    made.add_host(cells, "down2", up=False)
    made.add_host(cells, "small", memory_mib=512)
    answer = refused(cells, made.order(memory_mib=2048))
    assert answer.reason == (
        "No valid host was found. 3 hosts: 2 refused by ComputeFilter (service down);"
        " 1 lacks memory (needs 2048 MiB, has 512 MiB)."
    )
    assert answer.hosts == 3
    assert answer.refused == {"ComputeFilter": 2, "memory": 1}


def test_without_hosts_the_sentence_is_plain(cells: Cells) -> None:
    assert refused(cells, made.order()).reason == "No valid host was found. 0 hosts."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vcpus": 9}, "1 lacks vCPUs (needs 9, has 8)"),
        ({"root_gib": 200, "image": IMAGE}, "1 lacks disk (needs 200 GiB, has 100 GiB)"),
        ({"host": "other"}, "1 not the host that was asked for"),
        ({"node": "other"}, "1 not the host that was asked for"),
        ({"zone": "moon"}, "1 not in availability zone moon"),
    ],
)
def test_each_shortfall_has_its_words(cells: Cells, changes: dict[str, Any], said: str) -> None:
    made.add_host(cells, "only")
    assert said in refused(cells, made.order(**changes)).reason


def test_a_disabled_host_gets_nothing(cells: Cells) -> None:
    made.add_host(cells, "off")
    with cells.api.write() as conn:
        hosts.set_disabled(conn, "off", disabled=True)
    assert "ComputeFilter (service disabled)" in refused(cells, made.order()).reason


def test_a_volume_needs_no_local_root_disk(cells: Cells) -> None:
    made.add_host(cells, "tiny", disk_gib=1)
    assert chosen(cells, made.order(cells, root_gib=50)) == "tiny"


def test_zones_are_aggregates_and_the_default_is_the_rest(cells: Cells) -> None:
    for name in ("plain", "east"):
        made.add_host(cells, name)
    add_aggregate(cells, "e", {"availability_zone": "east"}, "east")
    for _ in range(3):
        assert chosen(cells, made.order(cells, zone="east")) == "east"
        assert chosen(cells, made.order(cells, zone="nova")) == "plain"
    answer = choose_hosts(made.desk(cells), made.order(cells, host="east"))
    assert isinstance(answer, Chosen)
    assert answer.zone == "east"


def test_projects_may_be_kept_to_their_aggregates(cells: Cells) -> None:
    made.add_host(cells, "mine")
    made.add_host(cells, "other")
    add_aggregate(cells, "m", {"filter_tenant_id": "p"}, "mine")
    desk = made.desk(cells)
    desk.conf.set_override("limit_tenants_to_placement_aggregate", True, "scheduler")
    answers = [choose_hosts(desk, made.order(cells)) for _ in range(4)]
    assert {answer.host for answer in answers if isinstance(answer, Chosen)} == {"mine"}


def group(cells: Cells, policy: str, **rules: int) -> str:
    made_group = ServerGroup(
        id=ids.new_id(), project_id="p", user_id="u", name="g", policy=policy, rules=rules
    )
    with cells.api.write() as conn:
        server_groups.add(conn, made_group)
    return made_group.id


def test_anti_affinity_keeps_apart_until_hosts_run_out(cells: Cells) -> None:
    for name in ("a", "b"):
        made.add_host(cells, name)
    members = group(cells, "anti-affinity")
    found = {chosen(cells, made.order(cells, group=members)) for _ in range(2)}
    assert found == {"a", "b"}
    answer = refused(cells, made.order(cells, group=members))
    assert answer.refused == {"ServerGroupAntiAffinityFilter": 2}


def test_anti_affinity_may_allow_some_on_a_host(cells: Cells) -> None:
    made.add_host(cells, "a")
    members = group(cells, "anti-affinity", max_server_per_host=2)
    assert [chosen(cells, made.order(cells, group=members)) for _ in range(2)] == ["a", "a"]
    refused(cells, made.order(cells, group=members))


def test_affinity_gathers(cells: Cells) -> None:
    for name in "abcd":
        made.add_host(cells, name)
    members = group(cells, "affinity")
    assert len({chosen(cells, made.order(cells, group=members)) for _ in range(4)}) == 1


@pytest.mark.parametrize(
    ("policy", "hosts_used"), [("soft-affinity", 1), ("soft-anti-affinity", 3)]
)
def test_soft_policies_prefer(cells: Cells, policy: str, hosts_used: int) -> None:
    for name in "abc":
        made.add_host(cells, name)
    members = group(cells, policy)
    options = {f"{name}_weight_multiplier": 0.0 for name in ("ram", "cpu", "disk", "io_ops")}
    found = {chosen(cells, made.order(cells, group=members), **options) for _ in range(3)}
    assert len(found) == hosts_used


def test_more_hosts_than_a_window_are_all_asked(cells: Cells) -> None:
    for n in range(7):
        made.add_host(cells, f"h{n}", up=n == 5)
    desk = made.desk(cells)
    desk.conf.set_override("max_placement_results", 2, "scheduler")
    for _ in range(5):
        answer = choose_hosts(desk, made.order(cells))
        assert isinstance(answer, Chosen)
        assert answer.host == "h5"


def test_a_host_whose_builds_fail_comes_last(cells: Cells) -> None:
    bad = made.add_host(cells, "bad", memory_mib=100_000)
    made.add_host(cells, "good")
    with cells.api.write() as conn:
        hosts.build_failed(conn, bad)
    order = made.order(cells)
    assert chosen(cells, order) == "good"
    with cells.api.write() as conn:
        conn.execute(sa.update(CLAIMS).values(host_id=bad))
        hosts.settle(conn, order.server_id)
    assert chosen(cells, made.order(cells)) == "bad"


def test_resources_in_extra_specs_override_the_flavor(cells: Cells) -> None:
    made.add_host(cells, "a", memory_mib=1024)
    specs = {"resources:MEMORY_MB": "100"}
    assert chosen(cells, made.order(cells, memory_mib=4096, extra_specs=specs)) == "a"


def test_one_connection_of_each_database_is_enough(mariadb: Any) -> None:
    """Decisions that each held one and asked for another would wait for each other."""
    one = Pool(max_pool_size=1, pool_timeout_s=1)
    databases = Databases(mariadb.url("choose_api"), api_pool=one, pool=one)
    api.METADATA.create_all(databases.api.engine)
    url = mariadb.url("choose_cell")
    cell.METADATA.create_all(databases.at(url).engine)
    made.map_cell(databases, made.CELL1, "cell1", url)
    cells = Cells(databases)
    made.add_host(cells, "h1")
    desk = made.desk(cells)
    for _ in range(2):
        cells.forget()
        assert isinstance(choose_hosts(desk, made.order(cells)), Chosen)
    databases.dispose()
