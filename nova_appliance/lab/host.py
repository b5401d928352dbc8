# SPDX-License-Identifier: Apache-2.0
"""One host of a lab: Debian with systemd and sshd of its own in an nspawn container.

`start` may be called for a host that runs, or that was killed: its disk is kept until `remove`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from nova_appliance.common.clock import wait_for
from nova_appliance.common.errors import ApplianceError
from nova_appliance.lab import access, cgroups, layers, mounts, network
from nova_appliance.lab.shape import GATEWAY, VOLUMES, Lab, LabHost

NSPAWN = (
    "systemd-nspawn", "-q", "--boot", "--register=no", "--keep-unit", "--resolv-conf=off",
    "--timezone=off", "--link-journal=no", "--capability=all",
    "--drop-capability=CAP_SYS_TIME,CAP_SYS_MODULE", "--bind=/dev/net/tun",
)  # fmt: skip
NSPAWN_SETTINGS = {
    "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
    "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",
}

CONSOLE_SHOWN = 2000
"""Characters of its console that are shown when a host does not come up."""


class HostIsSilent(ApplianceError):
    """A host was started and does not answer by ssh."""


def start(lab: Lab, host: LabHost) -> None:
    """Start it unless it runs."""
    name = _name(lab, host)
    if cgroups.pids(name):
        return
    folder = lab.host_folder(host)
    root = mounts.overlay(folder, layers.lower(lab.home, host.kind))
    _write_files(lab, host, root)
    lab.volumes.mkdir(exist_ok=True)
    network.make_bridges(lab)
    network.connect(lab, host)
    argv = [
        *(sys.executable, "-m", "nova_appliance.lab.enter", name, *NSPAWN),
        f"--directory={root}",
        f"--bind={lab.volumes}:{VOLUMES}",
        f"--machine={name}",
        f"--hostname={host.name}",
        f"--network-namespace-path=/run/netns/{network.namespace(lab, host)}",
    ]
    with (folder / "console.log").open("ab") as log:
        subprocess.Popen(  # noqa: S603 - our own argument list
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **NSPAWN_SETTINGS},
            cwd="/",
        )


def wait(lab: Lab, host: LabHost, timeout_s: float = 300) -> None:
    """Until ssh answers; raises HostIsSilent."""
    if not wait_for(lambda: access.answers(lab, host), timeout_s, every_s=0.3):
        log = lab.host_folder(host) / "console.log"
        last = log.read_text(errors="replace")[-CONSOLE_SHOWN:] if log.exists() else ""
        raise HostIsSilent(
            f"{host.name} does not answer by ssh; its console is in {log} and ends with:\n{last}"
        )


def is_up(lab: Lab, host: LabHost) -> bool:
    """Whether its processes run."""
    return bool(cgroups.pids(_name(lab, host)))


def cut_power(lab: Lab, host: LabHost) -> None:
    """All its processes end at once; its disk stays."""
    name = _name(lab, host)
    if not cgroups.kill(name):
        raise HostIsSilent(f"Processes of {host.name} do not end: {sorted(cgroups.pids(name))}.")
    network.disconnect(lab, host)
    cgroups.remove(name)


def remove(lab: Lab, host: LabHost) -> None:
    """Host and disk; nothing there is fine."""
    cut_power(lab, host)
    mounts.remove(lab.host_folder(host))


def _name(lab: Lab, host: LabHost) -> str:
    return f"{lab.prefix}{host.name}"


def _write_files(lab: Lab, host: LabHost, root: Path) -> None:
    (root / "etc/hostname").write_text(f"{host.name}\n")
    names = [f"{lab.address(one.number)} {one.name}" for one in lab.hosts]
    names += ["127.0.0.1 localhost", f"{lab.address(GATEWAY)} deployer"]
    known = root / "etc/hosts"
    if not known.exists() or names[-1] not in known.read_text().splitlines():  # else roles wrote it
        known.write_text("\n".join(names) + "\n")
    (root / "etc/apt/sources.list.d").mkdir(parents=True, exist_ok=True)
    for source in (root / "etc/apt/sources.list.d").iterdir():
        source.unlink()
    for name in ("etc/resolv.conf", "etc/machine-id", "etc/apt/sources.list"):
        (root / name).unlink(missing_ok=True)
        (root / name).touch()
    access.install_keys(lab, root)
