# SPDX-License-Identifier: Apache-2.0
"""The unit of every daemon is hardened: own user, no privileges to gain, the host's files out of reach."""

import configparser
import functools
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible.template import trust_as_template

ROOT = Path(__file__).parents[3]
TEMPLATE = (ROOT / "roles/service_unit/templates/unit.service.j2").read_text()
DAEMONS = {
    role.name: task
    for role in sorted((ROOT / "roles").glob("nova_*"))
    for task in yaml.safe_load((role / "tasks/main.yml").read_text())
    if "service_unit_name" in task.get("vars", {})
}
ALWAYS = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectClock": "yes",
    "ProtectControlGroups": "yes",
    "ProtectHostname": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "LockPersonality": "yes",
    "SystemCallArchitectures": "native",
    "SystemCallFilter": "@system-service",
    "Restart": "always",
}
MORE = {
    # what one daemon is given beyond all others, and nobody else
    "nova_compute": {
        "User": "nova-compute",
        "CapabilityBoundingSet": "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_NET_ADMIN",
        "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX AF_NETLINK",
        "ReadWritePaths": "/var/lib/nova",
        "SupplementaryGroups": "libvirt kvm",
    }
}
USUAL = {
    "User": "nova",
    "CapabilityBoundingSet": "",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "ReadWritePaths": None,
    "SupplementaryGroups": "appliance-tls",
}
CLOSED, OPEN = 2.0, 4.0
"""Exposure by systemd-analyze: of most daemons, and of nova-compute. Without hardening a unit has 9.6."""


def _files(role):
    found = {}
    for name in ("defaults", "vars"):
        path = ROOT / "roles" / role / name / "main.yml"
        found |= (yaml.safe_load(path.read_text()) or {}) if path.exists() else {}
    return found


@pytest.fixture(scope="module")
def unit(rendering):
    """The text of a daemon's unit, as it comes to a host of the example."""
    told = rendering()
    shared = _files("service_unit") | {"service_unit_version": "1"}
    # What the playbooks set is above defaults, and below what the role's task says.
    shared["service_unit_groups"] = told.ask("controller1", "service_unit_groups")

    @functools.cache
    def of(role):
        known = shared | _files(role) | {"nova_compute_driver": "libvirt"}
        host = told.on("controller1", **(known | DAEMONS[role]["vars"]))
        return str(host.template(trust_as_template(TEMPLATE)))

    return of


def _read(text):
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str
    parser.read_string(text)
    return parser


def test_there_is_a_unit_for_each_daemon():
    assert len(DAEMONS) == len(list((ROOT / "roles").glob("nova_*"))) >= 12


@pytest.mark.parametrize("role", DAEMONS)
def test_a_daemon_can_do_little_to_its_host(unit, role):
    service = dict(_read(unit(role))["Service"])
    assert {name: service.get(name) for name in ALWAYS} == ALWAYS
    wanted = MORE.get(role, USUAL)
    assert {name: service.get(name) for name in wanted} == wanted
    # What it may keep is what it is given: nothing is gained, and nothing is left of root's.
    assert service["AmbientCapabilities"] == service["CapabilityBoundingSet"]
    assert service["Group"] == service["User"] != "root"


def test_systemd_understands_the_units_and_finds_them_closed(unit, tmp_path):
    """Users, groups and programs of the host are not here: they stand for themselves."""
    files = []
    for role in DAEMONS:
        name = DAEMONS[role]["vars"]["service_unit_name"]
        text = unit(role).replace("/opt/nova-appliance/current/bin/%N", "/bin/true")
        files.append(tmp_path / f"{name}.service")
        files[-1].write_text(text.replace("libvirtd.service", ""))
        (tmp_path / f"{name}.socket").write_text("[Socket]\nListenStream=127.0.0.1:1\n")
    said = _analyze(tmp_path, "verify", "--man=no", "--recursive-errors=no", *files)
    assert (said.returncode, said.stderr.strip()) == (0, "")
    told = _analyze(tmp_path, "security", "--offline=yes", *files).stdout
    levels = dict(re.findall(r"exposure level for (\S+)\.service: ([0-9.]+)", told))
    assert {name for name, level in levels.items() if float(level) > OPEN} == set()
    assert {name for name, level in levels.items() if float(level) > CLOSED} == {"nova-compute"}
    assert len(levels) == len(DAEMONS)


def _analyze(folder, *words):
    return subprocess.run(
        ["systemd-analyze", *map(str, words)], capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:", "SYSTEMD_LOG_LEVEL": "warning", "SYSTEMD_PAGER": ""},
    )  # fmt: skip
