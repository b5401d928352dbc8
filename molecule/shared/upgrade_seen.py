# SPDX-License-Identifier: Apache-2.0
"""Upgrades a lab with users about: the playbook is killed at PLACES, and must complete when it is run again.

usage: upgrade_seen.py PLAYBOOKS WORD...: PLAYBOOKS is the folder of upgrade.yml and contract.yml, the words
are those of ansible-playbook. Prints JSON of what users and a guest saw; fails at the first that is wrong.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Self

from fixtures.lab_cloud import LabCloud

from nova_appliance.common.clock import wait_for

PLACES = (
    "TASK [service_unit : Install the wheels]",
    "TASK [database : Add what this release needs]",
    "RUNNING HANDLER [nova_conductor : Restart nova-conductor]",
    "RUNNING HANDLER [nova_api : Restart nova-api]",
    "PLAY [Upgrade the compute hosts]",
    "RUNNING HANDLER [nova_compute : Restart nova-compute]",
)
"""Lines of the playbook's output: a moment after each it is killed, once."""
MOMENT_S = 1.0
BEAT_S = 3.0
MIXED = PLACES[-2:]
"""Where old and new daemons are left side by side."""
VERSIONS = (
    "SELECT CONCAT(host, ' ', `binary`, ' ', version) FROM {}.services ORDER BY host, `binary`"
)
CHANGED = re.compile(r"^(\S+) +: .*changed=(\d+)", re.MULTILINE)
TICKS = "cut -d' ' -f1 /proc/uptime | sed 's/^/tick /' >/dev/ttyS0"


def main(argv: list[str]) -> int:
    """0 when nobody noticed."""
    playbooks, words = Path(argv[1]), argv[2:]
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        cloud = LabCloud(stack, Path(folder)).furnish()
        hosts = [one.name for one in cloud.hosts("compute")]
        guest = cloud.boot("guest", hosts[0])
        door = cloud.open_door(guest)
        cloud.in_guest(door, "true")
        seen: dict[str, object] = {"before": versions(cloud)}
        with Client(cloud, guest.id, Path(folder)) as client, Pulse(cloud, door) as pulse:
            seen["killed"] = [
                broken_off(cloud, [*words, str(playbooks / "upgrade.yml")], place, hosts)
                for place in PLACES
            ]
            seen["completed"] = play(words, playbooks / "upgrade.yml")
            seen["after"] = versions(cloud)
            seen["worked"] = [worked(cloud, host) for host in hosts]
            seen["again"] = play(words, playbooks / "upgrade.yml")
            seen["contract"] = play(words, playbooks / "contract.yml")
            seen["contract_again"] = play(words, playbooks / "contract.yml")
            seen["worked_contracted"] = [worked(cloud, host) for host in hosts]
        seen |= {"client": client.told, "guest": pulse.told()}
    print(json.dumps(seen, indent=1))
    check(seen)
    return 0


def check(seen: dict[str, object]) -> None:
    """Raises AssertionError with what must not have been."""
    assert seen["client"]["failed"] == 0, seen["client"]
    assert seen["guest"]["starts"] == 1, seen["guest"]
    assert seen["guest"]["fell"] == 0, seen["guest"]
    for name in ("again", "contract_again"):
        assert set(seen[name]["changed"].values()) == {0}, seen[name]
    assert len(set(seen["after"].values())) == 1, seen["after"]
    (new,) = set(seen["after"].values())
    assert new not in seen["before"].values(), "the release before says the same version"
    for stop in seen["killed"]:
        if stop["at"] in MIXED:
            assert len(set(stop["versions"].values())) == 2, stop


def versions(cloud: LabCloud) -> dict[str, str]:
    """`host daemon` > the version that it reported last."""
    said = "".join(
        cloud.on(cloud.hosts("controller")[0].name, f'mariadb -N -B -e "{_escaped(one)}"')
        for one in (VERSIONS.format("nova_cell0"), VERSIONS.format("nova"))
    )
    return dict(line.rsplit(" ", 1) for line in said.splitlines())


def _escaped(query: str) -> str:
    return query.replace("`", "\\`")


def broken_off(
    cloud: LabCloud, words: list[str], place: str, hosts: list[str]
) -> dict[str, object]:
    """Run until `place`, kill it, and use what runs then."""
    began = time.monotonic()
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,  # the ssh of a play that was killed may leave ours unblocking
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as run:
        said = []
        for line in run.stdout:
            said.append(line)
            if line.startswith(place):
                break
        assert "".join(said[-1:]).startswith(place), f"never {place}:\n{''.join(said[-60:])}"
        threading.Event().wait(MOMENT_S)
        for pid in family(run.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    took_s = round(time.monotonic() - began)
    mixed = place in MIXED
    used = [worked(cloud, host) for host in hosts if in_service(cloud, host)] if mixed else []
    assert used or not mixed, f"no host is in service at {place}"
    return {"at": place, "after_s": took_s, "versions": versions(cloud), "worked": used}


def family(pid: int) -> list[int]:
    """That process and all below it: Ansible's workers lead sessions of their own."""
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        below = []
    return [pid, *(one for child in below for one in family(int(child)))]


def in_service(cloud: LabCloud, host: str) -> bool:
    """Whether new servers may come to it."""
    return any(s.status == "enabled" for s in cloud.api.compute.services(host=host))


def worked(cloud: LabCloud, host: str) -> str:
    """A server is made there, stopped, started, and goes: orders and answers between its daemons and the rest."""
    began = time.monotonic()
    server = cloud.boot(f"mixed-{host}", host)
    for deed, status in (("stop_server", "SHUTOFF"), ("start_server", "ACTIVE")):
        getattr(cloud.api.compute, deed)(server.id)
        cloud.wait(server.id, status)
    cloud.erase(server.id)
    return f"{host} in {time.monotonic() - began:.0f} s"


def play(words: list[str], playbook: Path) -> dict[str, object]:
    """Run it to its end; how much it changed on each host."""
    began = time.monotonic()
    argv = [*words, str(playbook)]
    run = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-1000:]
    changed = {host: int(count) for host, count in CHANGED.findall(run.stdout)}
    return {"took_s": round(time.monotonic() - began), "changed": changed}


class Client:
    """steady_client.py beside this file, in a process of its own."""

    def __init__(self, cloud: LabCloud, server_id: str, folder: Path) -> None:
        self._stop = folder / "stop"
        clouds = cloud.lab.folder / "secrets" / "clouds.yaml"
        program = Path(__file__).with_name("steady_client.py")
        self._argv = [sys.executable, str(program), str(clouds), str(self._stop), server_id]
        self.told: dict[str, object] = {}

    def __enter__(self) -> Self:
        self._run = subprocess.Popen(self._argv, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.touch()
        said, _ = self._run.communicate(timeout=300)
        self.told = json.loads(said)
        print(json.dumps(self.told), file=sys.stderr)


@dataclasses.dataclass
class Pulse:
    """Asks the guest by ssh how long it is up and which start this is, and lets it write that to its console."""

    cloud: LabCloud
    door: str
    uptimes: list[float] = dataclasses.field(default_factory=list)
    starts: set[str] = dataclasses.field(default_factory=set)
    silent: int = 0

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()
        assert wait_for(self._beat, 120, 1), "the guest does not answer at the end"

    def told(self) -> dict[str, object]:
        """How often it answered, from which uptime to which, and whether that ever fell."""
        pairs = zip(self.uptimes, self.uptimes[1:], strict=False)
        return {
            "answers": len(self.uptimes),
            "silent": self.silent,
            "uptime_s": [self.uptimes[0], self.uptimes[-1]],
            "fell": sum(later <= earlier for earlier, later in pairs),
            "starts": len(self.starts),
        }

    def _ask(self) -> None:
        while not self._stop.wait(BEAT_S):
            self.silent += not self._beat()

    def _beat(self) -> bool:
        command = f"cat /proc/uptime /proc/sys/kernel/random/boot_id; {TICKS}"
        said = self.cloud.try_in_guest(self.door, command)
        if not said:
            return False
        uptime, start = said.splitlines()
        self.uptimes.append(float(uptime.split()[0]))
        self.starts.add(start)
        return True


if __name__ == "__main__":
    sys.exit(main(sys.argv))
