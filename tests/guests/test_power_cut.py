# SPDX-License-Identifier: Apache-2.0
"""The machine loses its power with guests running, and starts again."""

import pytest

pytestmark = pytest.mark.timeout(400)


def test_what_ran_before_a_power_cut_runs_again(cloud, servers, door):
    one, two = servers
    cloud.ssh(door, "echo kept >/data/cut; sync")
    cloud.connect().compute.stop_server(two)
    cloud.wait(two, "SHUTOFF")
    boots = cloud.boots(one), cloud.boots(two)
    cloud.cut_power()
    assert cloud.machine.guest_pids() == {}
    cloud.machine.boot()
    assert cloud.domstate(one) == "shut off"
    cloud.start()
    cloud.attach_outside()
    cloud.wait_ready(one, boots=boots[0] + 1)
    assert cloud.ssh(door, "cat /data/cut").strip() == "kept"
    assert cloud.see(two).status == "SHUTOFF"
    assert cloud.domstate(two) == "shut off"
    cloud.connect().compute.start_server(two)
    cloud.wait_ready(two, boots=boots[1] + 1)
    cloud.nothing_stray()
