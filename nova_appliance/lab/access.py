# SPDX-License-Identifier: Apache-2.0
"""How hosts of a lab are reached: one key for all of them, one host key known beforehand."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from nova_appliance.common.run import ProgramFailed, run
from nova_appliance.lab.shape import Lab, LabHost

KEYS = {"id_lab": "nova-appliance lab", "host_key": "nova-appliance lab host"}


def make_keys(lab: Lab) -> None:
    """The lab's pairs of keys, and what ssh is to know of its hosts; done again, it keeps them."""
    lab.folder.mkdir(parents=True, exist_ok=True)
    lab.folder.chmod(0o700)
    for name, comment in KEYS.items():
        if not (lab.folder / f"{name}.pub").exists():
            (lab.folder / name).unlink(missing_ok=True)
            pair = ["-N", "", "-C", comment, "-f", str(lab.folder / name)]
            run(["ssh-keygen", "-q", "-t", "ed25519", *pair])
    key = " ".join((lab.folder / "host_key.pub").read_text().split()[:2])
    names = ",".join([f"{lab.net}.0.*", *(one.name for one in lab.hosts)])
    (lab.folder / "known_hosts").write_text(f"{names} {key}\n")


def install_keys(lab: Lab, root: Path) -> None:
    """Let the lab's key in, and make the host show the key that is known."""
    folder = root / "root/.ssh"
    folder.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(lab.folder / "id_lab.pub", folder / "authorized_keys")
    for one in (root / "etc/ssh").glob("ssh_host_*"):
        one.unlink()
    for suffix in ("", ".pub"):
        target = root / f"etc/ssh/ssh_host_ed25519_key{suffix}"
        shutil.copy(lab.folder / f"host_key{suffix}", target)
    (root / "etc/ssh/ssh_host_ed25519_key").chmod(0o600)


def ssh(lab: Lab, host: LabHost) -> list[str]:
    """The argument list of ssh to that host."""
    return ["ssh", *options(lab), f"root@{lab.address(host.number)}"]


def options(lab: Lab) -> list[str]:
    """What ssh must be told for hosts of this lab."""
    settings = {
        "UserKnownHostsFile": lab.folder / "known_hosts",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "ConnectTimeout": "5",
        "LogLevel": "ERROR",
    }
    told = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    return ["-i", str(lab.folder / "id_lab"), *told]


def answers(lab: Lab, host: LabHost) -> bool:
    """Whether ssh reaches it and it has finished starting."""
    state = ["systemctl", "is-system-running", "--wait"]
    try:
        run([*ssh(lab, host), *state, "||", "true"], timeout_s=30)
    except ProgramFailed:
        return False
    return True


def become_shell(lab: Lab, host: LabHost, words: list[str]) -> None:
    """Turn this process into ssh to the host. Never returns."""
    argv = ssh(lab, host) + words
    os.execvp(argv[0], argv)  # noqa: S606 - ssh with the lab's own options
