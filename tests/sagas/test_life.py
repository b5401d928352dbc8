# SPDX-License-Identifier: Apache-2.0
"""The life of servers through real actions, scheduler, conductor and agents."""

import pytest
from fixtures.world import NOTHING, World

from nova_appliance.actions import boot, delete, power, reboot
from nova_appliance.common import clock
from nova_appliance.domain.guest import PowerState


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


def test_a_guest_that_goes_off_by_itself_is_stopped_within_seconds(world):
    (server,) = boot.boot(world.cloud, world.context(), world.request()).servers
    host = world.wait_active(server.id).host
    hypervisor = world.hypervisor(host)
    watch = world.computes[host].agent.power_watch
    assert clock.wait_for(lambda: server.id in watch._powers, 60)
    hypervisor.halt(server.id, "it shut down")
    stopped = world.wait(server.id, lambda s: s.state == "stopped" and s.task is None, 60)
    assert stopped.power == PowerState.SHUTDOWN
    hypervisor.wake(server.id)
    assert clock.wait_for(
        lambda: hypervisor.guest(server.id).power_state == PowerState.SHUTDOWN, 60
    )
    world.wait(server.id, lambda s: s.state == "stopped" and s.task is None, 60)
    delete.delete(world.cloud, world.context(), world.server(server.id))
    world.wait_gone(server.id)
    assert world.left() == NOTHING
