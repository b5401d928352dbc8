# SPDX-License-Identifier: Apache-2.0
"""A guest counts on its console: it stands still while it is held, and goes on where it was."""

import re

import pytest

from nova_appliance.common.clock import SYSTEM, wait_for

pytestmark = pytest.mark.timeout(400)
COUNT = (
    "n=0; while :; do n=$((n + 1)); echo until {} $n; usleep 100000; done"
    " </dev/null >/dev/ttyS0 2>&1 & echo $! >/run/counter"
)
HELD_S = 3
HOLDS = {
    "pause": ("PAUSED", "paused", lambda c, s: c.pause_server(s), lambda c, s: c.unpause_server(s)),
    "suspend": (
        "SUSPENDED", "shut off", lambda c, s: c.suspend_server(s), lambda c, s: c.resume_server(s),
    ),
}  # fmt: skip
"""Verb > status and libvirt's word while it is held, how it is held, how it is let go."""
NMI = "awk '/NMI:/ { for (n = 2; $n ~ /^[0-9]+$/; n++) print $n }' /proc/interrupts"


class Counting:
    """The server whose guest counts until it is held and on; each verb has numbers of its own."""

    def __init__(self, cloud, server, verb):
        self.cloud, self.server, self.line = cloud, server, rf"until {verb} (\d+)\r?\n"

    def numbers(self):
        return [int(n) for n in re.findall(self.line, self.cloud.said(self.server))]

    def is_quiet(self):
        before = self.numbers()
        SYSTEM.sleep(0.5)
        return self.numbers() == before


def uptime(cloud, door):
    return float(cloud.ssh(door, "cat /proc/uptime").split()[0])


@pytest.fixture(params=HOLDS)
def verb(request):
    return request.param


@pytest.fixture
def counting(cloud, servers, side_door, verb):
    made = Counting(cloud, servers[1], verb)
    cloud.ssh(side_door, COUNT.format(verb))
    assert wait_for(lambda: len(made.numbers()) > 3, 60, 0.2)
    yield made
    cloud.ssh(side_door, "kill $(cat /run/counter)")


def test_a_guest_that_is_held_counts_no_further_and_then_on(cloud, counting, side_door, verb):
    status, domstate, hold, release = HOLDS[verb]
    server, boots = counting.server, cloud.boots(counting.server)
    began, before = SYSTEM.monotonic(), uptime(cloud, side_door)
    hold(cloud.connect().compute, server)
    cloud.wait(server, status)
    assert cloud.domstate(server) == domstate
    assert wait_for(counting.is_quiet, 60, 0.2), "what was said before is read by now"
    held_at, seen = SYSTEM.monotonic(), counting.numbers()
    SYSTEM.sleep(HELD_S)
    assert counting.numbers() == seen
    held_s = SYSTEM.monotonic() - held_at
    release(cloud.connect().compute, server)
    cloud.wait(server, "ACTIVE")
    assert wait_for(lambda: len(counting.numbers()) > len(seen) + 5, 60, 0.2)
    assert uptime(cloud, side_door) - before <= SYSTEM.monotonic() - began - held_s + 0.5
    found = counting.numbers()
    assert found == list(range(1, len(found) + 1)), "none lost, none twice"
    assert cloud.boots(server) == boots


def test_an_interrupt_is_counted_inside(cloud, servers, side_door):
    before = [int(n) for n in cloud.ssh(side_door, NMI).split()]
    cloud.connect().compute.trigger_server_crash_dump(servers[1])
    after = [n + 1 for n in before]
    assert wait_for(lambda: [int(n) for n in cloud.ssh(side_door, NMI).split()] == after, 60, 0.3)
    assert uptime(cloud, side_door) > 0
