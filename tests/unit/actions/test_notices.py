# SPDX-License-Identifier: Apache-2.0
"""What is told of flavors, key pairs, aggregates, server groups and services, in both forms."""

import pytest
from fixtures.listener import check, listen, payloads
from fixtures.world import World

from nova_appliance.actions import aggregates, flavors, keypairs, server_groups, services
from nova_appliance.common import clock, errors, ids
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.server_group import ServerGroup

KNOWN = payloads()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("world"))
    world.listener = listen(world)
    yield world.start("host1")
    world.stop()


@pytest.fixture
def heard(world):
    """The events since then that begin so, once the last one came; their bodies are looked at."""
    before = len(world.listener.heard)

    def wait(prefix, last, times=1):
        def rows():
            found = world.listener.heard[before:]
            return [row for row in found if row[0].startswith(prefix)]

        def is_over():
            return [row[0] for row in rows()].count(last) >= times

        assert clock.wait_for(is_over, 20, 0.02), rows()
        for _, _, _, body in rows():
            if "nova_object.name" in body:
                check(body, KNOWN)
        return [row[0] for row in rows()]

    return wait


def test_flavors(world, heard):
    new = Flavor(id="", name=ids.new_id(), vcpus=1, memory_mib=64, root_gib=1, is_public=False)
    flavor = flavors.create(world.cloud, new)
    flavors.allow(world.cloud, flavor, "p1")
    flavors.set_extra_specs(world.cloud, flavor.id, {"hw:boot_menu": "true"})
    flavors.delete(world.cloud, flavor.id)
    told = heard("flavor.", "flavor.delete")
    assert told == ["flavor.create", "flavor.update", "flavor.update", "flavor.delete"]
    last = world.listener.body("flavor.delete")["nova_object.data"]
    assert last["extra_specs"] == {"hw:boot_menu": "true"}
    updates = [row[3]["nova_object.data"] for row in world.listener.heard if "update" in row[0]]
    assert ["p1"] in [facts.get("projects") for facts in updates]


def test_keypairs(world, heard):
    wanted = keypairs.NewKeypair(user_id="u1", name=ids.new_id())
    made, _ = keypairs.create(world.cloud, world.context(), wanted)
    copy = keypairs.NewKeypair(user_id="u1", name=ids.new_id(), public_key=made.public_key)
    keypairs.create(world.cloud, world.context(), copy)
    keypairs.delete(world.cloud, "u1", made.name)
    told = heard("keypair.", "keypair.delete.end", 2)
    verbs = ("create", "import", "delete")
    pairs = [f"keypair.{verb}.{phase}" for verb in verbs for phase in ("start", "end")]
    assert sorted(told) == sorted(pairs * 2)


def test_aggregates(world, heard):
    made = aggregates.create(world.cloud, ids.new_id(), "z1")
    aggregates.add_host(world.cloud, made.row, "host1")
    aggregates.change(world.cloud, made.row, metadata={"ssd": "yes"})
    aggregates.change(world.cloud, made.row, name=ids.new_id(), metadata={})
    aggregates.remove_host(world.cloud, made.row, "host1")
    aggregates.delete(world.cloud, made.row)
    told = heard("aggregate.", "aggregate.delete.end", 2)
    actions = ("create", "add_host", "update_metadata", "update_prop", "remove_host")
    versioned = [f"aggregate.{one}.{phase}" for one in actions for phase in ("start", "end")]
    assert [event for event in told if event in versioned and "create" not in event] == versioned[
        2:
    ]
    assert told.count("aggregate.create.end") == 2
    assert "aggregate.addhost.end" in told
    body = world.listener.body("aggregate.add_host.end")["nova_object.data"]
    assert (body["hosts"], body["uuid"]) == (["host1"], made.id)


def test_a_change_that_is_refused_is_not_told(world, heard):
    made = aggregates.create(world.cloud, ids.new_id())
    with pytest.raises(errors.NotFound):
        aggregates.add_host(world.cloud, made.row, "nowhere")
    aggregates.delete(world.cloud, made.row)
    assert not [
        event for event in heard("aggregate.", "aggregate.delete.end", 2) if "host" in event
    ]


def test_server_groups(world, heard):
    group = ServerGroup(
        id=ids.new_id(), project_id="p1", user_id="u1", name="g", policy="anti-affinity",
        rules={"max_server_per_host": 3},
    )  # fmt: skip
    server_groups.create(world.cloud, world.context(), group)
    server_groups.delete(world.cloud, group.id)
    assert heard("server_group.", "server_group.delete") == [
        "server_group.create",
        "server_group.delete",
    ]
    assert heard("servergroup.", "servergroup.delete") == [
        "servergroup.create",
        "servergroup.delete",
    ]
    rules = world.listener.body("server_group.create")["nova_object.data"]["rules"]
    assert rules == {"max_server_per_host": "3"}


def test_services(world, heard):
    daemon = services.find_by_name(world.cloud, "host1", "nova-compute")
    services.change(world.cloud, daemon, services.Change(disabled=True, disabled_reason="broken"))
    services.change(world.cloud, daemon, services.Change(disabled=False))
    assert heard("service.", "service.update")[-1] == "service.update"
    assert clock.wait_for(lambda: world.listener.events().count("service.update") >= 2, 20, 0.02)
    bodies = [row for row in world.listener.heard if row[0] == "service.update"]
    assert [row[3]["nova_object.data"]["disabled_reason"] for row in bodies] == ["broken", None]
    assert bodies[0][1] == "nova-compute:host1"
    assert "service.create" in world.listener.events()
