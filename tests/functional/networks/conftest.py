# SPDX-License-Identifier: Apache-2.0
"""A cloud's networks for real, in a private network root; namespaces play the guests."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
from pathlib import Path

import pytest
from fixtures.network_service import network_service
from fixtures.private_root import private_root, shell

from nova_appliance.common.clock import wait_for
from nova_appliance.embedded.networks.plane import Plane

SCRIPT = """#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr flush dev $interface
ip addr add $ip/$mask dev $interface
for r in $router; do ip route add default via $r; done
echo "ip=$ip router=$router dns=$dns mtu=$mtu routes=$staticroutes"
"""

NEIGHBOURS = ("identity", "image", "network")
"""No Compute API is there to be told news."""


class Guest:
    """A namespace whose cable is named like the tap of a port and plugged where Nova would plug it."""

    def __init__(self, port, name, home):
        self.port, self.name, self._home = port, name, home
        self.ip = port["fixed_ips"][0]["ip_address"]
        self.tap = "tap" + port["id"][:11]
        shell(
            f"ip netns add {name}; ip link add {self.tap} type veth peer name eth0 "
            f"address {port['mac_address']} netns {name}; "
            f"ip link set {self.tap} master brq{port['network_id'][:11]} up; "
            f"ip -n {name} link set lo up; ip -n {name} link set eth0 up"
        )

    def run(self, script):
        return shell(f"ip netns exec {self.name} sh -ec '{script}'")

    def lease(self):
        """Take a DHCP lease; returns what it said as a dictionary, or None when none came."""
        script = self._home / "udhcpc.sh"
        script.write_text(SCRIPT)
        script.chmod(0o755)
        words = f"timeout 60 busybox udhcpc -i eth0 -f -q -n -t 30 -T 1 -O staticroutes -s {script}"
        told = self.run(f"{words} 2>/dev/null || true").strip()
        return dict(word.split("=", 1) for word in told.split(" ") if "=" in word) or None

    def reaches(self, ip):
        """Whether a ping is answered at last."""
        return "answered" in self.run(f"ping -q -c 1 -w 30 {ip} && echo answered || true")

    def is_cut_off_from(self, ip):
        """Whether a ping is not answered within a second."""
        return "100% packet loss" in self.run(f"ping -q -c 1 -W 1 {ip} || true")

    def opens(self, ip, port):
        """Connect by TCP; what the other side says is returned."""
        return self.run(f"timeout 60 busybox nc -w 30 {ip} {port} </dev/null 2>/dev/null || true")

    def is_refused(self, ip, port):
        """Whether no TCP connection to there comes about within a second."""
        words = f"timeout 2 busybox nc -w 1 {ip} {port} </dev/null 2>/dev/null || true"
        return self.run(words) == ""


class Lab:
    """The service, its data plane, and guests."""

    def __init__(self, service, stack):
        self.service, self._stack = service, stack
        self.plane = Plane(service.settings)
        self._numbers = itertools.count()

    def renew(self):
        """What a new process would have: the old one's sockets and threads are gone with it."""
        self.plane.stop()
        self.plane = Plane(self.service.settings)
        return self.plane

    def purge(self):
        """Of the newest plane, whichever that is by then."""
        self.plane.purge()

    def apply(self, *, deep=False):
        assert self.plane.apply(deep=deep)

    def port(self, network="private", **values):
        asked = {"binding:host_id": "here", "device_owner": "compute:nova", "device_id": "s"}
        network_id = self.service.by_name("networks", network)["id"]
        return self.service.make("port", network_id=network_id, **(asked | values))

    def guest(self, port=None, *, lease=True):
        guest = Guest(
            port or self.port(), f"guest{next(self._numbers)}", self.service.settings.state_dir
        )
        self._stack.callback(shell, f"ip netns del {guest.name} || true")
        self.apply()
        if lease:
            assert guest.lease()["ip"] == guest.ip
        return guest

    def serve(self, namespace, port, script="echo hello"):
        """A TCP service in a namespace: runs `script` for each connection."""
        words = ["ip", "netns", "exec", namespace, "busybox", "nc", "-ll", "-p", str(port), "-e"]
        server = subprocess.Popen([*words, "/bin/sh", "-c", script], stdin=subprocess.DEVNULL)
        self._stack.callback(server.wait, 10)
        self._stack.callback(server.kill)
        listening = f"ip netns exec {namespace} ss -ltn"
        assert wait_for(lambda: f":{port} " in shell(listening), 60)

    def outsider(self, ip="172.24.4.200"):
        """A namespace on the external network that is no server of the cloud."""
        bridge = "brq" + self.service.by_name("networks", "public")["id"][:11]
        name = f"outside{next(self._numbers)}"
        shell(
            f"ip netns add {name}; ip link add {name} type veth peer name eth0 netns {name}; "
            f"ip link set {name} master {bridge} up; ip -n {name} addr add {ip}/24 dev eth0; "
            f"ip -n {name} link set eth0 up; ip -n {name} link set lo up"
        )
        self._stack.callback(shell, f"ip netns del {name}")
        outsider = object.__new__(Guest)
        outsider.name, outsider.ip = name, ip
        return outsider

    def dnsmasq_pids(self):
        place = self.service.settings.state_dir / "networks" / "dhcp"
        return [int(path.read_text()) for path in place.glob("*/pid")]


@pytest.fixture(scope="module")
def root():
    if os.geteuid() != 0:
        pytest.fail("real networks need root")
    with private_root():
        yield


@pytest.fixture
def lab(root):
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(network_service(network_plane="linux", catalog=NEIGHBOURS))
        lab = Lab(service, stack)
        stack.callback(lab.purge)
        lab.apply(deep=True)
        yield lab


@pytest.fixture
def end():
    """End a process by its id and wait until it is gone."""

    def end(pid):
        os.kill(pid, signal.SIGKILL)
        assert wait_for(lambda: not Path(f"/proc/{pid}").exists(), 60)

    return end
