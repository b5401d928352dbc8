# SPDX-License-Identifier: Apache-2.0
"""What servers read from volumes and write: totals that outlive guests, told in both forms."""

import functools

import msgspec
import pytest
from fixtures.cells import CELL1
from fixtures.listener import check, listen, payloads
from fixtures.saga_drive import ASK, attach_volume, settle
from fixtures.world import World

from nova_appliance.actions import boot
from nova_appliance.common import clock, errors
from nova_appliance.compute import volume_counts
from nova_appliance.db import servers
from nova_appliance.db.tables import cell
from nova_appliance.domain.volume_usage import VolumeCount

COUNTED = ("reads", "read_bytes", "writes", "write_bytes")


class CountingWorld(World):
    """Its hosts count volumes; so often that only tests do."""

    def conf(self, host):
        conf = super().conf(host)
        conf.set_override("volume_usage_poll_interval", 3600)
        return conf


@pytest.fixture
def world(tmp_path):
    world = CountingWorld(tmp_path)
    yield world
    world.stop()


@pytest.fixture
def listener(world):
    listener = listen(world)
    world.stand_by("host1")
    return listener


@pytest.fixture
def server(world, listener):
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    attach_volume(world, world.server(server.id))
    settle(world)
    return world.server(server.id)


def hypervisor(world):
    return world.computes["host1"].agent.driver.volumes.hypervisor


def count(world, server, *numbers, tell=True):
    """The hypervisor has counted this; a round of the agent tells it."""
    facts = dict(zip(COUNTED, numbers, strict=True))
    volume_id = server.attachments[0].volume_id
    one = VolumeCount(server_id=server.id, volume_id=volume_id, **facts)
    hypervisor(world).counts.put(one)
    if tell:
        volume_counts.send(world.computes["host1"].agent)


def told(listener, times):
    """The last two bodies, of so many."""
    both = functools.partial(listener.events, "volume.usage")
    assert clock.wait_for(lambda: len(both()) == 2 * times, 20, 0.02), both()
    bodies = [body for event, _, _, body in listener.heard if event == "volume.usage"]
    old = [body for body in bodies if "nova_object.name" not in body]
    new = [body for body in bodies if "nova_object.name" in body]
    return old[-1], new[-1]


def numbers(body):
    return tuple(body[name] for name in COUNTED)


def test_a_round_is_told_in_both_forms(world, listener, server):
    count(world, server, 1, 512, 2, 1024)
    old, new = told(listener, 1)
    check(new, payloads())
    facts = new["nova_object.data"]
    assert numbers(old) == numbers(facts) == (1, 512, 2, 1024)
    who = (server.id, server.project_id, server.user_id, server.zone)
    names = ("instance_id", "tenant_id", "user_id", "availability_zone")
    assert tuple(old[name] for name in names) == who
    names = ("instance_uuid", "project_id", "user_id", "availability_zone")
    assert tuple(facts[name] for name in names) == who
    assert old["volume_id"] == facts["volume_id"] == server.attachments[0].volume_id
    assert old["last_refreshed"][:10] == facts["last_refreshed"][:10]
    publishers = {who for event, who, *_ in listener.heard if event == "volume.usage"}
    assert publishers == {"compute.host1", "nova-compute:host1"}


def test_totals_outlive_the_guest_and_the_attachment(world, listener, server):
    count(world, server, 5, 50, 7, 70)
    count(world, server, 6, 60, 8, 80)
    assert numbers(told(listener, 2)[0]) == (6, 60, 8, 80)
    ASK["reboot"](world, server)  # its guest is started anew: counts begin at 0
    settle(world)
    count(world, server, 1, 10, 0, 0)
    assert numbers(told(listener, 3)[0]) == (7, 70, 8, 80)
    count(world, server, 2, 20, 1, 10, tell=False)
    ASK["detach_volume"](world, world.server(server.id))
    settle(world)
    assert numbers(told(listener, 4)[1]["nova_object.data"]) == (8, 80, 9, 90)
    (row,) = world.rows(cell.VOLUME_USAGES, CELL1)
    assert [row[f"curr_{name}"] for name in COUNTED] == [0, 0, 0, 0]
    assert [row[f"tot_{name}"] for name in COUNTED] == [8, 80, 9, 90]


def test_what_an_off_guest_had_counted_stays(world, listener, server):
    """The volume leaves a guest that is off, and comes back to it: nothing is counted twice."""
    count(world, server, 5, 50, 7, 70)
    ASK["stop"](world, server)
    settle(world)
    off = world.server(server.id)
    ASK["detach_volume"](world, off)
    settle(world)
    (row,) = world.rows(cell.VOLUME_USAGES, CELL1)
    assert (row["tot_reads"], row["curr_reads"]) == (5, 0)
    told(listener, 1)


def test_a_volume_that_left_meanwhile_is_not_counted(world, listener, server):
    gone = server.attachments[0].volume_id
    ASK["detach_volume"](world, server)
    settle(world)
    told(listener, 1)
    counted = hypervisor(world)
    still = msgspec.structs.replace(counted.guests.get(server.id), volumes=(gone,))
    counted.guests.put(server.id, still)
    volume_counts.send(world.computes["host1"].agent)
    assert len(world.rows(cell.VOLUME_USAGES, CELL1)) == 1
    told(listener, 1)


def test_a_guest_that_cannot_be_counted_fails_nothing(world, listener, server):
    hypervisor(world).fail_next("count_volumes", errors.Unavailable("libvirtd is away"))
    count(world, server, 1, 1, 1, 1)
    assert world.rows(cell.VOLUME_USAGES, CELL1) == []
    hypervisor(world).fail_next("count_volumes", errors.Unavailable("libvirtd is away"))
    ASK["detach_volume"](world, server)
    settle(world)
    assert world.server(server.id).attachments == ()
    assert listener.events("volume.usage") == []


def test_two_servers_of_a_volume_add_up(world, listener, server):
    """A volume that several servers may have, counted by each: none takes the other for itself."""
    volume_id = server.attachments[0].volume_id
    (second,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    shared = tuple(world.server(server.id).attachments)
    with world.cloud.cells.database(CELL1).write() as conn:
        servers.change(conn, second.id, attachments=shared)
    counted = hypervisor(world)
    for one, reads in ((server, 5), (second, 3), (server, 6), (second, 4)):
        guest = counted.guests.get(one.id)
        counted.guests.put(one.id, msgspec.structs.replace(guest, volumes=(volume_id,)))
        counted.counts.put(VolumeCount(server_id=one.id, volume_id=volume_id, reads=reads))
    volume_counts.send(world.computes["host1"].agent)
    old, _ = told(listener, 2)
    assert old["reads"] == 10
