# SPDX-License-Identifier: Apache-2.0
"""A guest is stopped by its power button, started, rebooted, ended from inside, and deleted."""

import pytest

from nova_appliance.common.clock import wait_for

pytestmark = pytest.mark.timeout(400)
HALTING = "nova-appliance guest halting"


def test_stop_presses_the_button_and_data_outlives_it(cloud, servers, door):
    server, compute = servers[0], cloud.connect().compute
    cloud.ssh(door, "echo kept >/data/stop")
    boots, halts = cloud.boots(server), cloud.said(server).count(HALTING)
    compute.stop_server(server)
    assert cloud.wait(server, "SHUTOFF").power_state == 4
    assert cloud.domstate(server) == "shut off"
    assert cloud.said(server).count(HALTING) == halts + 1
    assert cloud.try_ssh(door, "true", timeout_s=2) is None
    compute.start_server(server)
    cloud.wait_ready(server, boots=boots + 1)
    assert cloud.ssh(door, "cat /data/stop").strip() == "kept"
    assert cloud.domstate(server) == "running"


@pytest.mark.parametrize("kind", ["SOFT", "HARD"])
def test_a_reboot_starts_the_guest_anew_over_its_data(cloud, servers, door, kind):
    server = servers[0]
    cloud.ssh(door, f"echo kept >/data/{kind}; sync")
    boots, halts = cloud.boots(server), cloud.said(server).count(HALTING)
    cloud.connect().compute.reboot_server(server, kind)
    cloud.wait_ready(server, boots=boots + 1)
    assert cloud.said(server).count(HALTING) == halts + (kind == "SOFT")
    assert cloud.ssh(door, f"cat /data/{kind}").strip() == "kept"


def test_a_guest_that_powers_off_from_inside_is_shutoff_soon(cloud, servers, side_door):
    server, boots = servers[1], cloud.boots(servers[1])
    cloud.ssh(side_door, "true")
    cloud.try_ssh(side_door, "poweroff")
    cloud.wait(server, "SHUTOFF")
    actions = cloud.connect().compute.server_actions(server)
    assert next(one.action for one in actions) == "stop"
    cloud.connect().compute.start_server(server)
    cloud.wait_ready(server, boots=boots + 1)


def test_delete_leaves_nothing(cloud, servers):
    compute = cloud.connect().compute
    server = cloud.make("brief")
    cloud.wait(server, "ACTIVE")
    assert server in cloud.machine.domains()
    compute.delete_server(server)
    assert wait_for(lambda: compute.find_server(server) is None, 60, 0.2)
    cloud.nothing_stray()
    assert set(servers) == cloud.machine.domains()
