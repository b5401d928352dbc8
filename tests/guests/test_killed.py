# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the whole cloud while guests run, and in the middle of what is done with them."""

import contextlib
import itertools

import openstack.exceptions
import pytest
import requests
from fixtures.guest_cloud import DEAD
from keystoneauth1 import exceptions as ksa

from nova_appliance.common.clock import wait_for

pytestmark = pytest.mark.timeout(400)
GONE = (openstack.exceptions.SDKException, ksa.ClientException, requests.RequestException)
LIFE = (
    ("boot", "place", "after", lambda c, n: c.create_server(**n), "ACTIVE"),
    ("stop", "power_off", "answered", lambda c, n: c.stop_server(n), "SHUTOFF"),
    ("start", "power_on", "after", lambda c, n: c.start_server(n), "ACTIVE"),
    ("reboot", "restart", "answered", lambda c, n: c.reboot_server(n, "HARD"), "ACTIVE"),
    ("delete", "destroy", "answered", lambda c, n: c.delete_server(n), None),
    ("boot", "build", "answered", lambda c, n: c.create_server(**n), "ACTIVE"),
    ("delete", "give_ports_back", "before", lambda c, n: c.delete_server(n), None),
)
"""Saga, step and moment of death; what is asked for, and the status that follows. Each start after a
death is armed for the next: its saga has another name than the one that is being ended."""


def test_guests_run_on_and_are_taken_over(cloud, servers, door):
    before = uptime(cloud, door)
    pids = cloud.machine.guest_pids()
    cloud.kill()
    assert uptime(cloud, door) > before
    cloud.start()
    found = cloud.settled()
    assert {found[server].status for server in servers} == {"ACTIVE"}
    assert uptime(cloud, door) > before
    assert cloud.machine.guest_pids() == pids
    cloud.nothing_stray()


def test_a_life_in_which_the_cloud_dies_at_each_turn(cloud, servers):
    cloud.whole.stop()
    cloud.start(*LIFE[0][:3])
    server = None
    for (saga, step, _, ask, status), after in itertools.zip_longest(LIFE, LIFE[1:], fillvalue=()):
        what = cloud.wanted("mortal") if saga == "boot" else server
        with contextlib.suppress(*GONE):
            ask(cloud.connect().compute, what)
        assert cloud.whole.wait_until_dead() == DEAD, (saga, step, cloud.log())
        cloud.start(*after[:3])
        found = {one: seen for one, seen in cloud.settled().items() if one not in servers}
        assert [seen.status for seen in found.values()] == ([status] if status else []), saga
        cloud.nothing_stray()
        server = next(iter(found), None)


def test_a_stop_goes_on_when_the_cloud_dies_while_the_guest_halts(cloud, servers, door):
    server, boots = servers[0], cloud.boots(servers[0])
    cloud.ssh(door, "true")
    log = cloud.state_dir / "nova" / "instances" / server / "console.log"
    halts = log.read_text(errors="replace").count("guest halting")
    cloud.connect().compute.stop_server(server)
    assert wait_for(
        lambda: log.read_text(errors="replace").count("guest halting") > halts, 60, 0.02
    )
    cloud.kill()
    cloud.start()
    cloud.wait(server, "SHUTOFF")
    cloud.connect().compute.start_server(server)
    cloud.wait_ready(server, boots=boots + 1)
    cloud.nothing_stray()


def test_a_guest_that_ended_while_the_cloud_was_away_is_shutoff(cloud, servers, side_door):
    server, boots = servers[1], cloud.boots(servers[1])
    cloud.ssh(side_door, "true")
    cloud.kill()
    cloud.try_ssh(side_door, "poweroff")
    assert wait_for(lambda: cloud.domstate(server) == "shut off", 60, 0.2)
    cloud.start()
    cloud.wait(server, "SHUTOFF")
    cloud.connect().compute.start_server(server)
    cloud.wait_ready(server, boots=boots + 1)


def uptime(cloud, door):
    return float(cloud.ssh(door, "cat /proc/uptime").split()[0])
