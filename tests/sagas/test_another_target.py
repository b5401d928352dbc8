# SPDX-License-Identifier: Apache-2.0
"""A target that does not suit a guest which moves while it runs: another one is tried."""

import pytest
from fixtures.saga_drive import settle
from fixtures.world import World

from nova_appliance.actions import live_migrate
from nova_appliance.virt.moves import CpuDiffers


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Three hosts."""
    world = World(tmp_path_factory.mktemp("world"), lease=1, max_failures=1)
    world.stand_by("host1", "host2", "host3")
    yield world
    world.stop()


def test_each_host_is_tried_and_each_says_why_not(world, server):
    others = {*world.computes} - {server.host}
    for host in others:
        error = CpuDiffers(server.id, f"{host} lacks avx.")
        world.hypervisor(host).fail_next("admit", error)
    left = move(world, server)
    assert left.host == server.host
    assert all(f"{host} lacks avx." in left.fault.message for host in others)
    assert move(world, server).host in others


def move(world, server):
    wish = live_migrate.LiveMigration()
    live_migrate.migrate(world.cloud, world.context(), world.server(server.id), wish)
    settle(world)
    return world.server(server.id)
