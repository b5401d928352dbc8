# SPDX-License-Identifier: Apache-2.0
"""The Ansible side of a lab: its hosts as an inventory beside inventories/lab, and playbook runs."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from nova_appliance.common.errors import Invalid
from nova_appliance.lab import access
from nova_appliance.lab.shape import VIP, VOLUMES, Lab, LabHost

GROUPS: dict[str, tuple[str, ...]] = {
    "controller": ("controllers",),
    "compute": ("computes",),
    "all": ("controllers", "computes"),
    "nova": ("controllers", "computes"),
}
BY_CONTROLLERS = (
    "databases",
    "brokers",
    "caches",
    "identity",
    "images",
    "networks",
    "volumes",
)
ROOT = Path(__file__).parents[2]


def write(lab: Lab) -> Path:
    """A folder like inventories/lab with this lab's hosts; group_vars are those of inventories/lab."""
    folder = lab.folder / "inventory"
    folder.mkdir(exist_ok=True)
    variables = folder / "group_vars"
    variables.unlink(missing_ok=True)
    variables.symlink_to(ROOT / "inventories" / "lab" / "group_vars")
    groups: dict[str, dict[str, object]] = {
        group: {"hosts": {one.name: _address(lab, one) for one in _members(lab, group)}}
        for group in ("controllers", "computes")
    }
    groups |= {group: {"children": {"controllers": {}}} for group in BY_CONTROLLERS}
    groups["loadbalancers"] = {"children": {"controllers": {}} if _has_front(lab) else {}}
    common = {
        "ansible_user": "root",
        "ansible_ssh_common_args": shlex.join(access.options(lab)),
    }
    text = json.dumps({"all": {"vars": common, "children": groups}}, indent=1)
    (folder / "hosts.json").write_text(text)
    return folder


def _settings(lab: Lab) -> Path:
    """What differs from lab to lab, above what group_vars say."""
    path = lab.folder / "settings.json"
    settings = {
        "appliance_vip": _front(lab),
        "appliance_tls": lab.tls,
        "appliance_secrets_dir": str(lab.folder / "secrets"),
        "appliance_outside_cidr": f"{lab.net}.1.0/24",
        "appliance_outside_card": "eth1",
        "appliance_volume_share": f"{lab.name}:{VOLUMES}",
        "appliance_volume_folder": VOLUMES,
    }
    path.write_text(json.dumps(settings, indent=1))
    return path


def play(lab: Lab, playbook: str, words: list[str]) -> int:
    """Run a playbook of this clone against the lab; its exit code. Raises Invalid."""
    path = ROOT / "playbooks" / f"{playbook.removesuffix('.yml')}.yml"
    path = path if path.exists() else Path(playbook)
    if not path.exists():
        raise Invalid(f"There is no playbook {playbook!r} in playbooks/.")
    program = Path(sys.executable).with_name("ansible-playbook")
    told = ["-i", str(write(lab)), "-e", f"@{_settings(lab)}"]
    return subprocess.run(  # noqa: S603 - our own argument list
        [str(program), *told, str(path), *words],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        check=False,
    ).returncode


def _members(lab: Lab, group: str) -> list[LabHost]:
    return [one for one in lab.hosts if group in GROUPS.get(one.kind, ())]


def _front(lab: Lab) -> str:
    return lab.address(VIP if _has_front(lab) else _members(lab, "controllers")[0].number)


def _has_front(lab: Lab) -> bool:
    """Whether HAProxy has something to do: a single controller without TLS is reached at its own address."""
    return lab.tls or len(_members(lab, "controllers")) != 1


def _address(lab: Lab, host: LabHost) -> dict[str, str]:
    return {"ansible_host": lab.address(host.number)}
