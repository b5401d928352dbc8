# SPDX-License-Identifier: Apache-2.0
"""A live migration that takes its time: its users see how far it is, call it off, or force it to an end."""

import openstack
import pytest
from fixtures.lab_guests import counted, is_counting, start_counting, stop_counting
from fixtures.lab_traces import LOOK, is_gone

from nova_appliance.common.clock import wait_for

pytestmark = [pytest.mark.timeout(1800), pytest.mark.usefixtures("two")]
FLIGHT_S = 300
FULL_SPEED = 8192
"""MiB/s."""


@pytest.fixture
def counter(cloud, mover):
    """Where a guest counts that leaves its host at 1 MiB/s."""
    door = cloud.open_door(mover)
    start_counting(cloud, door)
    yield door
    numbers = counted(cloud, door)
    assert numbers == list(range(1, len(numbers) + 1))
    stop_counting(cloud, door)


def set_speed(cloud, server, host, mib_s):
    cloud.on(host, LOOK.format("migrate-setspeed", f"{server.id} {mib_s}"))


def take_off(cloud, server, source, target):
    """Its migration, under way."""
    set_speed(cloud, server, source, 1)
    cloud.api.compute.live_migrate_server(server.id, host=target, block_migration="auto")
    seen = []

    def is_under_way():
        seen[:] = cloud.api.compute.server_migrations(server.id)
        return seen and seen[0].status == "running" and (seen[0].memory_processed_bytes or 0) > 0

    assert wait_for(is_under_way, FLIGHT_S, 1), seen
    return seen[0]


def test_a_live_migration_is_seen_on_its_way_and_called_off(cloud, computes, mover, counter):
    source, target = computes
    move = take_off(cloud, mover, source, target)
    assert (move.source_compute, move.dest_compute) == (source, target)
    assert move.memory_total_bytes >= 128 * 2**20
    assert 0 < move.memory_remaining_bytes < move.memory_total_bytes

    def is_further():
        (now,) = cloud.api.compute.server_migrations(mover.id)
        return now.memory_processed_bytes > move.memory_processed_bytes

    assert wait_for(is_further, 60, 1)
    cloud.api.compute.abort_server_migration(move.id, mover.id, ignore_missing=False)
    assert cloud.moved(mover.id, FLIGHT_S) == source
    (last, *_) = cloud.api.compute.migrations(instance_uuid=mover.id)
    assert last.status == "cancelled"
    assert is_counting(cloud, counter)
    is_gone(cloud, mover, [target])
    with pytest.raises(openstack.exceptions.SDKException):
        cloud.api.compute.abort_server_migration(move.id, mover.id, ignore_missing=False)


def test_a_live_migration_that_is_forced_holds_the_guest_until_all_of_it_is_there(
    cloud, computes, mover, counter
):
    source, target = computes
    move = take_off(cloud, mover, source, target)
    cloud.api.compute.force_complete_server_migration(move.id, mover.id)

    def is_held():
        return cloud.on(source, LOOK.format("domstate", mover.id)).strip() == "paused"

    assert wait_for(is_held, 60, 0.5)
    set_speed(cloud, mover, source, FULL_SPEED)
    assert cloud.moved(mover.id, FLIGHT_S) == target
    assert cloud.wait(mover.id, "ACTIVE").hypervisor_hostname == target
    assert is_counting(cloud, counter)
    is_gone(cloud, mover, [source])
