# SPDX-License-Identifier: Apache-2.0
"""A QEMU without libvirt and without KVM, the guest image built once, and config drives for it."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nova_appliance.common.clock import wait_for
from nova_appliance.embedded import guest

SERVER_ID = "6f7a1c9e-0c1f-4c58-8a5e-1d2f3a4b5c6d"
QEMU = (
    "qemu-system-x86_64 -accel tcg -no-user-config -nodefaults -machine pc -m 128 -vga std "
    "-display none -device virtio-rng-pci -device virtio-net-pci,netdev=net"
)


class Machine:
    """A virtual machine whose serial port is a socket and, at once, a log file."""

    def __init__(self, disk: Path, work: Path, *extra: str, net: str = "user,id=net,restrict=on"):
        self.log = work / "serial.log"
        self._ports = {"serial": work / "serial.sock", "qmp": work / "qmp.sock"}
        self.log.unlink(missing_ok=True)
        chardev = f"socket,id=serial,path={self._ports['serial']},server=on,wait=off"
        self._keyboard: socket.socket | None = None
        self._process = subprocess.Popen(
            [
                *QEMU.split(), "-netdev", net, "-drive", f"file={disk},if=virtio,format=qcow2",
                "-chardev", f"{chardev},logfile={self.log}", "-serial", "chardev:serial",
                "-qmp", f"unix:{self._ports['qmp']},server=on,wait=off", *extra,
            ]
        )  # fmt: skip

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._keyboard:
            self._keyboard.close()

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def hear(self, words: str, timeout_s: float = 120, after: str = "") -> str:
        """The first whole line with `words` on the serial port, once `after` was heard."""
        found: list[str] = []

        def listen() -> bool:
            said = self.said().partition(after)[2] if after else self.said()
            lines = said.split("\n")[:-1]
            found[:] = [line.strip() for line in lines if words in line]
            return bool(found)

        assert wait_for(listen, timeout_s), f"no {words!r} within {timeout_s} s:\n{self.said()}"
        return found[0]

    def type(self, line: str) -> None:
        if not self._keyboard:  # kept open: QEMU drops what it has not passed on at hang-up
            self._keyboard = self._connect("serial")
            # Kept empty: QEMU and so the guest's console stand still when nobody takes the words.
            threading.Thread(target=self._drain, args=(self._keyboard,), daemon=True).start()
        self._keyboard.sendall(line.encode() + b"\n")

    def press_power(self) -> None:
        with self._connect("qmp") as port, port.makefile("rw") as talk:
            for command in ("qmp_capabilities", "system_powerdown"):
                talk.write(json.dumps({"execute": command}))
                talk.flush()
                while "return" not in json.loads(talk.readline()):
                    continue

    def ended(self, timeout_s: float = 120) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout_s) == 0
        return False

    def _drain(self, port: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while port.recv(4096):
                continue

    def _connect(self, name: str) -> socket.socket:
        port = socket.socket(socket.AF_UNIX)
        port.connect(str(self._ports[name]))
        return port


@pytest.fixture
def boot(tmp_path) -> Iterator[Callable[..., Machine]]:
    """Starts machines that end with the test."""
    with contextlib.ExitStack() as running:

        def start(disk: Path, *extra: str, **options: str) -> Machine:
            machine = Machine(disk, tmp_path, *extra, **options)
            running.callback(machine.kill)
            return machine

        yield start


@pytest.fixture(scope="session")
def image(tmp_path_factory) -> Path:
    return guest.cached(tmp_path_factory.mktemp("image"))


@pytest.fixture
def disk(image, tmp_path) -> Path:
    """A fresh disk over the image, 200 MiB: larger than the image, as flavors make it."""
    path = tmp_path / "disk.qcow2"
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", image, path, "200M"],
        check=True,
    )
    return path


@pytest.fixture
def key(tmp_path) -> Path:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


@pytest.fixture
def config_drive(tmp_path, key) -> Callable[..., Path]:
    def make(user_data: str, hostname: str = "first.novalocal") -> Path:
        tree = tmp_path / "drive" / "openstack" / "latest"
        tree.mkdir(parents=True)
        public = key.with_suffix(".pub").read_text()
        described = {
            "uuid": SERVER_ID,
            "hostname": hostname,
            "name": 'a "strange" {name}: \u00e9',
            "public_keys": {"k": public},
            "keys": [{"name": "k", "type": "ssh", "data": public}],
            "meta": {"empty": "", "public_keys/x": "no key"},
            "launch_index": 0,
            "devices": [],
        }
        (tree / "meta_data.json").write_text(json.dumps(described, indent=3))
        (tree / "user_data").write_text(user_data)
        drive = tmp_path / "drive.iso"
        subprocess.run(
            [
                "genisoimage",
                "-quiet",
                "-J",
                "-r",
                "-V",
                "config-2",
                "-o",
                drive,
                tmp_path / "drive",
            ],
            check=True,
        )
        return drive

    return make
