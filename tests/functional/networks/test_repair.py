# SPDX-License-Identifier: Apache-2.0
"""The reconciler killed at every step, restarted, stopped, purged: servers keep their network."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from fixtures.private_root import shell

from nova_appliance.common.clock import wait_for
from nova_appliance.common.errors import Conflict
from nova_appliance.embedded.networks.plane import Plane


def picture(lab):
    """All that the plane keeps on the machine, in words that are the same after a repair."""
    spaces = sorted(path.name for path in Path("/run/netns").iterdir() if path.name.startswith("q"))
    shown = ["nft list ruleset", "ip -br link", "ip -br -4 addr", "ip route"]
    words = [shell(command) for command in shown]
    words += [shell(f"ip netns exec {name} {what}") for name in spaces for what in shown]
    lives = [str(Path(f"/proc/{pid}").exists()) for pid in lab.dnsmasq_pids()]
    return [_without_chance(word) for word in (*spaces, *words, *lives)]


def assert_soon(lab, wanted, message=""):
    """The kernel tells of carriers a moment later than we change them."""
    wait_for(lambda: picture(lab) == wanted, 60)
    assert picture(lab) == wanted, message


def _without_chance(text):
    """Without what is a new number each time: indices, MAC addresses of the bridge's ends, order."""
    told = re.sub(r"@\S+|(?<= )[0-9a-f]{2}(:[0-9a-f]{2}){5}", "", text)
    return sorted(" ".join(line.replace(",", " ").split()) for line in told.splitlines())


def killed_pass(settings, calls, *, after):
    """One deep pass in a child that kills itself at its n-th program; whether it got that far."""
    child = os.fork()
    if not child:
        real, count = subprocess.run, [0]

        def run(*args, **kwargs):
            count[0] += 1
            if count[0] == calls and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            done = real(*args, **kwargs)
            if count[0] == calls:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        subprocess.run = run
        try:
            Plane(settings).apply()
        finally:
            os._exit(0)
    _, ended = os.waitpid(child, 0)
    return os.WIFSIGNALED(ended)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_every_step_of_the_first_pass(lab, after):
    guest_port = lab.port()
    lab.apply(deep=True)
    right = picture(lab)
    lab.plane.purge()
    calls = 1
    while killed_pass(lab.service.settings, calls, after=after):
        assert lab.renew().apply()
        assert_soon(lab, right, f"after a kill at program {calls}")
        lab.plane.purge()
        calls += 1
    assert calls > 10
    assert lab.guest(guest_port).reaches("10.20.0.1")


def test_killed_at_every_step_of_taking_things_away(lab):
    base = picture(lab)
    calls, was_killed = 1, True
    while was_killed:
        network = lab.service.make("network", name=f"gone{calls}")
        lab.service.make("subnet", network_id=network["id"], cidr="10.40.0.0/24", ip_version=4)
        lab.apply()
        lab.service.ask("DELETE", f"networks/{network['id']}")
        was_killed = killed_pass(lab.service.settings, calls, after=False)
        lab.renew()
        lab.apply()
        assert_soon(lab, base, f"after a kill at program {calls}")
        calls += 1
    assert calls > 10


def test_what_was_broken_by_hand_is_mended(lab, end):
    guest = lab.guest()
    right = picture(lab)
    for pid in lab.dnsmasq_pids():
        end(pid)
    network = lab.service.by_name("networks", "private")["id"]
    router = lab.service.by_name("routers", "router1")["id"]
    shell(
        f"nft flush ruleset; ip netns exec qrouter-{router} nft flush ruleset; "
        f"ip netns del qdhcp-{network}; ip -n qrouter-{router} route del default; "
        f"ip link set brq{network[:11]} down"
    )
    lab.apply(deep=True)
    assert_soon(lab, right)
    shell(f"ip -n {guest.name} addr flush dev eth0")
    assert guest.lease()["ip"] == guest.ip
    assert guest.reaches("10.20.0.1")


def test_the_thread_sees_ports_devices_and_deaths_by_itself(lab, end):
    lab.plane.start()
    with pytest.raises(Conflict, match="already runs"):
        Plane(lab.service.settings).start()
    port = lab.port()
    path = f"ports/{port['id']}"
    assert lab.service.ask("GET", path)["port"]["status"] == "DOWN"
    tap = "tap" + port["id"][:11]
    assert wait_for(lambda: f"in-{tap}" in shell("nft list ruleset"), 60)
    bridge = "brq" + port["network_id"][:11]
    shell(f"ip link add {tap} type veth peer name peer; ip link set {tap} master {bridge} up")
    active = lambda: lab.service.ask("GET", path)["port"]["status"] == "ACTIVE"  # noqa: E731
    assert wait_for(active, 60)
    shell(f"ip link del {tap}")
    assert wait_for(lambda: not active(), 60)
    (pid,) = lab.dnsmasq_pids()
    end(pid)
    assert wait_for(lambda: lab.dnsmasq_pids() != [pid], 60)
    (agent,) = lab.service.ask("GET", "agents")["agents"]
    assert agent["alive"]


def test_stop_leaves_the_guests_their_network_and_start_finds_it(lab):
    lab.plane.start()
    one, other = lab.guest(), lab.guest()
    assert wait_for(lambda: one.reaches(other.ip) and other.reaches(one.ip), 60)
    lab.plane.stop()
    lab.apply()  # what the thread had not come to yet
    before, pids = picture(lab), lab.dnsmasq_pids()
    assert one.reaches(other.ip)
    assert lab.renew().apply()
    assert_soon(lab, before)
    assert lab.dnsmasq_pids() == pids


def test_purge_leaves_the_machine_as_it_was(lab):
    forward = Path("/proc/sys/net/ipv4/ip_forward")
    lab.guest()
    assert forward.read_text() == "1\n"
    pids = lab.dnsmasq_pids()
    lab.plane.purge()
    assert forward.read_text() == "0\n"
    assert shell("nft list ruleset") == ""
    assert "brq" not in shell("ip -br link")
    assert [path.name for path in Path("/run/netns").iterdir() if path.name.startswith("q")] == []
    assert wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 60)
    assert not (lab.service.settings.state_dir / "networks").exists()


def test_purge_takes_only_what_is_ours(lab):
    shell("ip link add brqforeign type bridge; ip netns add qrouter-foreign")
    shell("nft add table inet foreign")
    try:
        lab.plane.purge()
        assert "brqforeign" in shell("ip -br link")
        assert Path("/run/netns/qrouter-foreign").exists()
        assert "foreign" in shell("nft list tables")
    finally:
        shell("ip link del brqforeign; ip netns del qrouter-foreign; nft delete table inet foreign")
