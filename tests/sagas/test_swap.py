# SPDX-License-Identifier: Apache-2.0
"""A volume that a host could not copy: the server keeps the old one, and the volume service is told."""

import pytest
from fixtures.saga_drive import attach_volume, settle, swap_volume
from fixtures.world import World

from nova_appliance.actions import boot
from nova_appliance.virt.driver import HypervisorFailed


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.stand_by("host1")
    yield world
    world.stop()


def test_a_swap_that_fails_is_told(world):
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    settle(world)
    attach_volume(world, world.server(server.id))
    settle(world)
    (before,) = world.server(server.id).attachments
    hypervisor = world.computes["host1"].agent.driver.volumes.hypervisor
    hypervisor.fail_next("swap_volume", HypervisorFailed("The copy of vdb ended by itself."))
    swap_volume(world, world.server(server.id))
    settle(world)
    assert world.server(server.id).attachments == (before,)
    assert not world.volumes.get(before.volume_id).is_moving
    (kept,) = world.volumes.attachments.values()
    assert (kept["id"], kept["volume_id"]) == (before.attachment_id, before.volume_id)
