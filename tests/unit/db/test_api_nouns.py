# SPDX-License-Identifier: Apache-2.0
"""Key pairs, quotas, server groups and aggregates in the database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from nova_appliance.common import clock, errors, ids
from nova_appliance.db import aggregates, keypairs, quotas, server_groups
from nova_appliance.db.tables.api import PROJECT_LOCKS, SERVER_MAPPINGS
from nova_appliance.domain.keypair import Keypair
from nova_appliance.domain.server_group import ServerGroup


def key(name: str, user_id: str = "u1") -> Keypair:
    return Keypair(user_id=user_id, name=name, fingerprint="aa:bb", public_key="ssh-rsa AAAA")


def test_keypairs_belong_to_their_user(conn: sa.Connection) -> None:
    stored = keypairs.add(conn, key("k"))
    keypairs.add(conn, key("k", "u2"))
    with pytest.raises(errors.Conflict, match="Key pair 'k' already exists"):
        keypairs.add(conn, key("k"))
    assert keypairs.get(conn, "u1", "k") == stored
    assert keypairs.count(conn, "u1") == 1
    assert keypairs.remove(conn, "u1", "k")
    assert not keypairs.remove(conn, "u1", "k")
    assert keypairs.count(conn, "u2") == 1


def test_keypairs_come_in_pages_by_name(conn: sa.Connection) -> None:
    for name in ("c", "a", "b"):
        keypairs.add(conn, key(name))
    assert [each.name for each in keypairs.list_(conn, "u1", limit=2)] == ["a", "b"]
    assert [each.name for each in keypairs.list_(conn, "u1", marker="b")] == ["c"]
    with pytest.raises(errors.Invalid, match="marker"):
        keypairs.list_(conn, "u1", marker="zz")


def test_the_nearest_limit_wins(conn: sa.Connection) -> None:
    defaults = {"instances": 10, "cores": 20, "ram": 5}
    quotas.change_class(conn, quotas.DEFAULT_CLASS, {"cores": 21, "ram": 6})
    quotas.change(conn, "p", {"ram": 7})
    quotas.change(conn, "p", {"ram": 3, "instances": 1}, "u")
    assert quotas.limits(conn, defaults, "p") == {"instances": 10, "cores": 21, "ram": 7}
    assert quotas.limits(conn, defaults, "p", "u") == {"instances": 1, "cores": 21, "ram": 3}
    quotas.change(conn, "p", {"ram": 4, "cores": -1}, "v")
    assert quotas.given_to_users(conn, "p") == {"ram": 7, "instances": 1}
    quotas.remove(conn, "p", "u")
    assert quotas.limits(conn, defaults, "p", "u") == {"instances": 10, "cores": 21, "ram": 7}
    quotas.change(conn, "p", {"ram": 8})
    quotas.remove(conn, "p")
    assert quotas.limits(conn, defaults, "p")["ram"] == 6


def test_turns_are_counted(conn: sa.Connection) -> None:
    quotas.take_turn(conn, "p")
    quotas.take_turn(conn, "p")
    assert conn.execute(sa.select(PROJECT_LOCKS.c.turn)).scalars().all() == [2]


def group(name: str, project_id: str = "p") -> ServerGroup:
    return ServerGroup(
        id=ids.new_id(),
        project_id=project_id,
        user_id="u",
        name=name,
        policy="anti-affinity",
        rules={"max_server_per_host": 2},
    )


def mapping(server_id: str, group_id: str) -> dict[str, object]:
    return {
        "server_id": server_id,
        "cell_id": ids.new_id(),
        "project_id": "p",
        "user_id": "u",
        "vcpus": 1,
        "memory_mib": 1,
        "group_id": group_id,
        "created_at": clock.SYSTEM.now(),
    }


def test_server_groups_know_their_members(conn: sa.Connection) -> None:
    made = server_groups.add(conn, group("g"))
    server_id = ids.new_id()
    conn.execute(sa.insert(SERVER_MAPPINGS).values(mapping(server_id, made.id)))
    found = server_groups.get(conn, made.id, "p")
    assert found is not None
    assert found.members == (server_id,)
    assert found.rules == {"max_server_per_host": 2}
    assert server_groups.get(conn, made.id, "other") is None
    assert server_groups.remove(conn, made.id)
    assert not server_groups.remove(conn, made.id)
    assert conn.execute(sa.select(SERVER_MAPPINGS.c.group_id)).scalar_one() is None


def test_server_groups_are_listed_oldest_first(conn: sa.Connection) -> None:
    for name in ("b", "a", "c"):
        server_groups.add(conn, group(name))
    server_groups.add(conn, group("x", "other"))
    listed = server_groups.list_(conn, "p", offset=1, limit=1)
    assert [each.name for each in listed] == ["a"]
    assert len(server_groups.list_(conn)) == 4
    assert server_groups.count(conn, "p") == 3
    assert server_groups.count(conn, "p", "nobody") == 0


def test_aggregates_make_zones(conn: sa.Connection) -> None:
    zoned = aggregates.add(conn, "a1", {"availability_zone": "z1", "ssd": "yes"})
    plain = aggregates.add(conn, "a2", {})
    for host in ("h1", "h2"):
        aggregates.add_host(conn, zoned.row, host)
    aggregates.add_host(conn, plain.row, "h3")
    assert aggregates.zones(conn) == {"h1": "z1", "h2": "z1"}
    assert aggregates.zone_of(conn, "h1") == "z1"
    assert aggregates.zone_of(conn, "h3") is None
    assert [each.hosts for each in aggregates.list_(conn)] == [("h1", "h2"), ("h3",)]


def test_aggregate_names_and_hosts_are_unique(conn: sa.Connection) -> None:
    one = aggregates.add(conn, "a1", {})
    two = aggregates.add(conn, "a2", {})
    with pytest.raises(errors.Conflict, match="a1"):
        aggregates.add(conn, "a1", {})
    with pytest.raises(errors.Conflict, match="a1"):
        aggregates.change(conn, two.row, name="a1")
    aggregates.add_host(conn, one.row, "h")
    with pytest.raises(errors.Conflict, match="h"):
        aggregates.add_host(conn, one.row, "h")


def test_aggregates_change_and_go(conn: sa.Connection) -> None:
    made = aggregates.add(conn, "a1", {})
    assert aggregates.change(conn, made.row, name="b1", metadata={"k": "v"})
    aggregates.add_host(conn, made.row, "h")
    found = aggregates.get(conn, made.row)
    assert found is not None
    assert (found.name, found.metadata, found.hosts) == ("b1", {"k": "v"}, ("h",))
    assert aggregates.remove_host(conn, made.row, "h")
    assert not aggregates.remove_host(conn, made.row, "h")
    assert aggregates.remove(conn, made.row)
    assert not aggregates.remove(conn, made.row)
    assert aggregates.get(conn, made.row) is None
