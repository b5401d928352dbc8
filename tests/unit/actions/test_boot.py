# SPDX-License-Identifier: Apache-2.0
"""What is refused before anything is written, with Nova's families; nothing is left behind."""

import base64
import threading

import pytest
from fixtures.world import World

from nova_appliance.actions import boot
from nova_appliance.common import errors, ids
from nova_appliance.db import flavors, keypairs, quotas, server_groups
from nova_appliance.db.cells import CELL0
from nova_appliance.db.tables import api, cell
from nova_appliance.domain.boot import BlockDevice, NetworkRequest
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.keypair import Keypair
from nova_appliance.domain.server_group import ServerGroup

GIB = 1 << 30


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def refused(world, family, words, **fields):
    with pytest.raises(family, match=words):
        boot.boot(world.cloud, world.context(), world.request(**fields))
    assert world.rows(api.SERVER_MAPPINGS) == world.rows(api.REQUEST_SPECS) == []
    assert world.rows(cell.SERVERS, CELL0) == world.rows(cell.SAGAS, CELL0) == []


def network(**fields):
    return (NetworkRequest(**fields),)


@pytest.mark.parametrize(
    ("family", "words", "fields"),
    [
        (errors.Invalid, "Flavor 99 could not be found", {"flavor_id": "99"}),
        (errors.Invalid, "Can not find requested image", {"image_id": ids.new_id()}),
        (errors.Invalid, "Invalid image identifier", {"image_id": None}),
        (errors.Invalid, "Invalid key_name provided", {"key_name": "nobody"}),
        (errors.Invalid, "zone is not available", {"availability_zone": "moon"}),
        (errors.Invalid, "Compute host moon could not be found", {"host": "moon"}),
        (errors.Invalid, "could not be found", {"networks": network(network_id=ids.new_id())}),
        (errors.Invalid, "could not be found", {"networks": network(port_id=ids.new_id())}),
        (errors.Invalid, "Security group x not found", {"security_groups": ("x",)}),
        (errors.Invalid, "min_count", {"min_count": 3, "max_count": 2}),
        (errors.Invalid, "not base64", {"user_data": "&&&"}),
        (errors.Invalid, "longer than 65535", {"user_data": "QUJD" * 20000}),
        (errors.Invalid, "could not be found", {"hints": {"group": ids.new_id()}}),
        (errors.Invalid, "config drive only", {"personality": ({"path": "/a", "contents": ""},)}),
        (
            errors.OverQuota,
            "metadata items exceeds 128",
            {"metadata": {str(i): "" for i in range(129)}},
        ),
        (
            errors.Invalid,
            "Block Device Mapping is Invalid",
            {"block_devices": (BlockDevice(source_type="volume", destination_type="volume"),)},
        ),
    ],
)
def test_bad_requests(world, family, words, fields):
    refused(world, family, words, **fields)


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ("is not active", {"status": "queued"}),
        ("memory is too small", {"min_ram_mib": 4096}),
        ("disk is too small", {"size_bytes": 2 * GIB}),
        ("smaller than the minimum", {"min_disk_gib": 5}),
        ("hw_vif_model", {"properties": {"hw_vif_model": "x"}}),
        ("hw_tpm_model asks for a TPM", {"properties": {"hw_tpm_model": "tpm-crb"}}),
    ],
)
def test_images_that_do_not_fit(world, words, fields):
    image = world.images.add(**fields)
    refused(world, errors.Invalid, words, image_id=image.id)


def test_a_foreign_private_flavor_and_image_are_not_found(world):
    with world.cloud.cells.api.write() as conn:
        secret = Flavor(id="s", name="s", vcpus=1, memory_mib=1, root_gib=1, is_public=False)
        flavors.add(conn, secret, ("other",))
    image = world.images.add(visibility="private", owner="other")
    refused(world, errors.Invalid, "Flavor s", flavor_id="s")
    refused(world, errors.Invalid, "Can not find", image_id=image.id)


def test_several_networks_without_a_choice_are_a_conflict(world):
    world.networks.add_network(name="second")
    refused(world, errors.Conflict, "More than one possible network", networks="auto")


def test_a_project_without_networks_gets_one_if_it_asks(world):
    world.networks.networks.clear()
    request = world.request(networks="any")
    assert boot.boot(world.cloud, world.context(), request).servers
    assert world.networks.networks == {}
    for _ in range(2):
        (server,) = boot.boot(world.cloud, world.context(), world.request(networks="auto")).servers
    (network,) = world.networks.networks.values()
    assert (network.name, network.project_id) == ("auto", "p1")
    assert network.id in world.rows(cell.SAGAS, CELL0)[-1]["order_"]
    assert world.server(server.id).state == "building"


def test_a_network_that_cannot_be_made_is_told(world):
    world.networks.networks.clear()
    world.networks.break_next("network_of", errors.Invalid("Unable to automatically allocate"))
    refused(world, errors.Invalid, "Unable to automatically", networks="auto")


def test_networks_of_others_and_without_subnets_cannot_be_used(world):
    foreign = world.networks.add_network(project_id="other")
    empty = world.networks.add_network(subnet_ids=())
    refused(world, errors.Invalid, "could not be found", networks=network(network_id=foreign.id))
    refused(world, errors.Invalid, "requires a subnet", networks=network(network_id=empty.id))


def test_ports_must_be_free_own_and_for_one_server(world):
    taken = world.networks.add_port(world.network.id, device_id="x")
    foreign = world.networks.add_port(world.network.id, project_id="other")
    free = world.networks.add_port(world.network.id)
    bare = world.networks.add_port(world.network.id, fixed_ips=())
    refused(world, errors.Conflict, "still in use", networks=network(port_id=taken.id))
    refused(world, errors.Invalid, "not be found", networks=network(port_id=foreign.id))
    refused(world, errors.Invalid, "FixedIP", networks=network(port_id=bare.id))
    several = network(port_id=free.id)
    refused(world, errors.Invalid, "single configured port", networks=several, max_count=2)
    refused(world, errors.Invalid, "only once", networks=several * 2)
    fixed = network(network_id=world.network.id, fixed_ip="10.0.0.9")
    refused(world, errors.Invalid, "same fixed IP", networks=fixed, max_count=2)


@pytest.mark.parametrize("config_drive", [True, False])
def test_user_data_may_be_any_bytes(world, config_drive):
    data = base64.b64encode(b"\x1f\x8b\xff").decode()
    refused(world, errors.Invalid, "base64", user_data="?", config_drive=config_drive)
    request = world.request(user_data=data, config_drive=config_drive)
    (server,) = boot.boot(world.cloud, world.context(), request).servers
    assert (server.user_data, server.config_drive) == (data, config_drive)


def test_quota_is_refused_with_its_numbers(world):
    with world.cloud.cells.api.write() as conn:
        quotas.change(conn, "p1", {"instances": 1})
    words = "Quota exceeded for instances: Requested 2, but already used 0 of 1 instances"
    refused(world, errors.OverQuota, words, min_count=2, max_count=2)


def test_as_many_as_quota_allows_but_not_less_than_asked(world):
    with world.cloud.cells.api.write() as conn:
        quotas.change(conn, "p1", {"cores": 3})
    booted = boot.boot(world.cloud, world.context(), world.request(min_count=1, max_count=9))
    assert [server.name for server in booted.servers] == ["s-1", "s-2", "s-3"]
    with pytest.raises(errors.OverQuota, match="cores"):
        boot.boot(world.cloud, world.context(), world.request())


def test_parallel_requests_never_pass_the_quota(world):
    with world.cloud.cells.api.write() as conn:
        quotas.change(conn, "p1", {"instances": 5})
    done = []

    def ask():
        try:
            done.extend(boot.boot(world.cloud, world.context(), world.request()).servers)
        except errors.OverQuota:
            return

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(world.rows(api.SERVER_MAPPINGS)) == 5


def test_groups_have_room_for_so_many(world):
    group = ServerGroup(
        id=ids.new_id(), project_id="p1", user_id="u1", name="g", policy="anti-affinity"
    )
    with world.cloud.cells.api.write() as conn:
        server_groups.add(conn, group)
        quotas.change(conn, "p1", {"server_group_members": 1})
    hints = {"group": group.id}
    refused(
        world, errors.OverQuota, "too many servers in group", hints=hints, min_count=2, max_count=2
    )
    (server,) = boot.boot(world.cloud, world.context(), world.request(hints=hints)).servers
    assert server.group_id == group.id


def test_what_a_new_server_is(world):
    key = Keypair(user_id="u1", name="k", kind="ssh", public_key="ssh-rsa x", fingerprint="f")
    with world.cloud.cells.api.write() as conn:
        keypairs.add(conn, key)
    request = world.request(name="My Server_1", key_name="k", metadata={"a": "b"}, networks="auto")
    booted = boot.boot(world.cloud, world.context(), request)
    (server,) = booted.servers
    row = world.server(server.id)
    assert (row.state, row.task, row.launched_at) == ("building", "scheduling", None)
    assert (row.hostname, row.key_data, row.metadata) == ("my-server-1", "ssh-rsa x", {"a": "b"})
    assert row.reservation_id == booted.reservation_id
    (saga,) = world.rows(cell.SAGAS, CELL0)
    assert world.network.id in saga["order_"]
    (action,) = world.rows(cell.ACTIONS, CELL0)
    assert action["action"] == "create"
