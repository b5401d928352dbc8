# SPDX-License-Identifier: Apache-2.0
"""Servers on the shelf: when their host is let go, where they come back, and what is left."""

import pytest
from fixtures.saga_drive import settle
from fixtures.world import NOTHING, World

from nova_appliance.actions import boot, delete, rebuild, resize, shelve, volumes
from nova_appliance.actions.rebuild import RebuildRequest
from nova_appliance.common import errors
from nova_appliance.conductor import guests, shelf_life
from nova_appliance.domain.boot import BlockDevice


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, lease=1, order_timeout=1)
    world.add_desk()
    world.add_scheduler()
    world.add_host("host1")
    yield world
    world.stop()


@pytest.fixture
def server_id(world):
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    yield server.id
    delete.delete(world.cloud, world.context(), world.server(server.id))
    settle(world)
    assert world.left() == NOTHING
    assert [image.name for image in world.images.images.values()] == ["tiny"]


def put_away(world, server_id, offload_s=0):
    world.cloud.conf.set_override("shelved_offload_time", offload_s)
    shelve.shelve(world.cloud, world.context(), world.server(server_id))
    settle(world)


def bring_back(world, server_id, **place):
    server = world.server(server_id)
    shelve.unshelve(world.cloud, world.context(), server, shelve.Place(**place))
    settle(world)


def test_a_host_is_let_go_at_once_and_another_takes_the_server(world, server_id):
    put_away(world, server_id)
    assert world.server(server_id).state == "shelved_offloaded"
    assert world.left()["guests"] == world.left()["claims"] == world.left()["disks"] == []
    world.add_host("host2")
    bring_back(world, server_id, host="host2")
    server = world.server(server_id)
    assert (server.state, server.host, server.fault) == ("active", "host2", None)
    assert world.hypervisor("host2").guests.get(server_id) is not None
    assert {port.host for port in world.networks.all_ports.values()} == {"host2"}
    (root,) = guests.disks_of(server)
    assert root.image_id is None


def test_a_host_that_fails_is_left_for_another(world, server_id):
    put_away(world, server_id)
    world.hypervisor("host1").fail_next("start_new", errors.Unavailable("QEMU fell over."))
    world.add_host("host2")
    world.hypervisor("host2").fail_next("start_new", errors.Unavailable("QEMU fell over."))
    world.add_host("host3")
    bring_back(world, server_id)
    assert world.server(server_id).state == "active"


def test_without_a_host_the_server_stays_on_the_shelf_with_its_image(world, server_id):
    put_away(world, server_id)
    world.hypervisor().fail_next("start_new", errors.Unavailable("QEMU fell over."), times=9)
    bring_back(world, server_id)
    server = world.server(server_id)
    assert (server.state, server.task, server.host) == ("shelved_offloaded", None, None)
    assert "QEMU fell over." in server.fault.message
    assert shelve.image_of(server) in world.images.images
    assert world.left()["claims"] == world.left()["guests"] == []
    assert {port.host for port in world.networks.all_ports.values()} == {""}


def test_what_waits_on_its_host_is_let_go_when_its_time_is_over(world, server_id):
    put_away(world, server_id, offload_s=3600)
    assert world.server(server_id).state == "shelved"
    assert shelf_life.offload(world.cloud) == 0
    world.cloud.conf.set_override("shelved_offload_time", -1)
    assert shelf_life.offload(world.cloud) == 0
    with pytest.raises(errors.Conflict):
        bring_back(world, server_id, zone="nova")
    world.cloud.conf.set_override("shelved_offload_time", 0)
    assert shelf_life.offload(world.cloud) == 1
    settle(world)
    assert world.server(server_id).state == "shelved_offloaded"
    bring_back(world, server_id)


def test_a_rebuild_gives_the_root_disk_its_image_again(world, server_id):
    put_away(world, server_id)
    bring_back(world, server_id)
    wanted = RebuildRequest(image_id=world.image.id)
    rebuild.rebuild(world.cloud, world.context(), world.server(server_id), wanted)
    settle(world)
    (root,) = guests.disks_of(world.server(server_id))
    assert (root.image_id, root.whole) == (world.image.id, False)


def test_a_shelved_server_keeps_no_image_when_it_is_deleted(world, server_id):
    put_away(world, server_id)
    assert len(world.images.images) == 2


def test_a_snapshot_that_fails_leaves_the_server_running(world, server_id):
    world.hypervisor().fail_next("take", errors.Refused("The disk is full."))
    put_away(world, server_id)
    server = world.server(server_id)
    assert (server.state, server.task) == ("active", None)
    assert server.fault.message == "The disk is full."
    assert world.hypervisor().guests.get(server_id).power_state == 1


def boot_from_volume(world, **facts):
    """The server, and the id of its volume."""
    disk = world.volumes.add(bootable="true", **facts).id
    devices = (
        BlockDevice(source_type="volume", destination_type="volume", boot_index=0, uuid=disk),
    )
    request = world.request(image_id=None, block_devices=devices)
    (made,) = boot.boot(world.cloud, world.context(auth_token="t"), request).servers
    settle(world)
    return made, disk


def test_a_server_that_boots_from_a_volume_leaves_its_host_at_once(world):
    """No image is made; its volumes are kept for it, and had by the next host."""
    made, disk = boot_from_volume(world)
    before = list(world.volumes.attachments)
    put_away(world, made.id, offload_s=-1)
    away = world.server(made.id)
    assert (away.state, away.host, away.fault) == ("shelved_offloaded", None, None)
    assert [image.name for image in world.images.images.values()] == ["tiny"]
    (kept,) = away.attachments
    (reserved,) = world.volumes.attachments.values()
    assert (reserved["id"], reserved["status"]) == (kept.attachment_id, "reserved")
    assert reserved["id"] not in before
    world.add_host("host2")
    bring_back(world, made.id, host="host2")
    back = world.server(made.id)
    assert (back.state, back.host, back.fault) == ("active", "host2", None)
    (had,) = world.volumes.attachments.values()
    assert (had["status"], had["connector"]["host"]) == ("attached", "host2")
    assert world.hypervisor("host2").guests.get(made.id).volumes == (disk,)
    delete.delete(world.cloud, world.context(), back)
    settle(world)
    assert world.left() == NOTHING


def test_volumes_are_reached_anew_by_the_host_that_takes_over(world):
    """What the volume service knows of the host that failed is of no use to the next."""
    made, disk = boot_from_volume(world)
    put_away(world, made.id, offload_s=-1)
    world.add_host("host2")
    for host in ("host1", "host2"):
        world.hypervisor(host).fail_next("start_new", errors.Unavailable("QEMU fell over."))
    bring_back(world, made.id)
    assert world.server(made.id).state == "shelved_offloaded"
    (reserved,) = world.volumes.attachments.values()
    assert (reserved["status"], reserved["connector"]) == ("reserved", None)
    world.lose_host("host1")
    bring_back(world, made.id)
    back = world.server(made.id)
    assert (back.state, back.host) == ("active", "host2")
    (had,) = world.volumes.attachments.values()
    assert (had["status"], had["connector"]["host"]) == ("attached", "host2")
    assert world.hypervisor("host2").guests.get(made.id).volumes == (disk,)


def test_a_volume_that_comes_to_the_shelf_is_in_use_at_once(world, server_id):
    """As with Nova: nobody waits for the server to come back to see it so."""
    put_away(world, server_id, offload_s=0)
    wanted = volumes.VolumeWanted(volume_id=world.volumes.add().id)
    volumes.attach(world.cloud, world.context(), world.server(server_id), wanted)
    settle(world)
    (had,) = world.volumes.attachments.values()
    assert (had["status"], had["connector"]) == ("attached", None)
    bring_back(world, server_id)
    (had,) = world.volumes.attachments.values()
    assert (had["status"], bool(had["connector"])) == ("attached", True)


@pytest.fixture
def particular(tmp_path):
    """A world in which the image `i1` runs on host1 only."""
    world = World(tmp_path, lease=1, order_timeout=1)
    asked = world.cloud.conf.filter_scheduler.enabled_filters
    for name, value in {
        "enabled_filters": [*asked, "IsolatedHostsFilter"],
        "isolated_images": ["i1"],
        "isolated_hosts": ["host1"],
        "restrict_isolated_hosts_to_isolated_images": False,
    }.items():
        world.cloud.conf.set_override(name, value, group="filter_scheduler")
    world.stand_by("host1", "host2")
    yield world
    world.stop()


def test_the_image_behind_a_root_volume_counts_wherever_the_server_goes(particular):
    """A server that shows no image is as particular about hosts as its volume's image."""
    made, _disk = boot_from_volume(particular, volume_image_metadata={"image_id": "i1"})
    resize.migrate(particular.cloud, particular.context(), particular.server(made.id))
    settle(particular)
    stays = particular.server(made.id)
    assert (stays.state, stays.task, stays.host) == ("active", None, "host1")
    assert "isolated images" in stays.fault.message
    put_away(particular, made.id, offload_s=-1)
    particular.lose_host("host1")
    bring_back(particular, made.id)
    back = particular.server(made.id)
    assert (back.state, back.host) == ("shelved_offloaded", None)
