# SPDX-License-Identifier: Apache-2.0
"""The life of servers through real actions, scheduler, conductor and agents."""

import pytest
from fixtures.world import NOTHING, World

from nova_appliance.actions import boot, delete, power, reboot


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world.start("host1", "host2")
    world.stop()


def test_a_server_is_booted_stopped_started_rebooted_and_deleted(world):
    context = world.context()
    (server,) = boot.boot(world.cloud, context, world.request()).servers
    active = world.wait_active(server.id)
    assert active.power == 1
    assert active.addresses[0].address.startswith("10.0.")
    power.stop(world.cloud, world.context(), active)
    stopped = world.wait(server.id, lambda s: s.state == "stopped" and s.task is None)
    assert stopped.power == 4
    power.start(world.cloud, world.context(), stopped)
    active = world.wait_active(server.id)
    reboot.reboot(world.cloud, world.context(), active, hard=False)
    active = world.wait(server.id, lambda s: s.task is None)
    reboot.reboot(world.cloud, world.context(), active, hard=True)
    active = world.wait(server.id, lambda s: s.task is None)
    assert active.state == "active"
    delete.delete(world.cloud, world.context(), active)
    world.wait_gone(server.id)
    assert world.left() == NOTHING
