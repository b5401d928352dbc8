# SPDX-License-Identifier: Apache-2.0
"""A dry run of every playbook goes to its end on a cluster in use, and changes nothing there."""

import json
import pathlib

import pytest

pytestmark = pytest.mark.timeout(1800)
FILES = "find /etc /opt/nova-appliance /var/lib/nova/.ssh /usr/local -xdev -type f ! -name .lock -printf '%p %s %T@\\n'"
"""Without the lock of a folder of certificates: each host makes it in the first hour, when it looks at them."""
PROCESSES = (
    "systemctl list-units --type=service --state=running --no-legend --plain | cut -d' ' -f1 | grep -v '^user@'"
    " | while read -r unit; do echo $unit $(systemctl show -p MainPID -p ActiveEnterTimestamp --value $unit); done"
)
"""Each with its process and since when; without the ones of whoever looks (user@0)."""
PLAYBOOKS = {
    "site": "",
    "neighbours": "",
    "deploy": "",
    "upgrade": "",
    "contract": "",
    "certificates": "",
    "check": "",
    "smoke": "",
    "drain": "drain_host={host}",
    "undrain": "drain_host={host}",
    "add_host": "new_host={host}",
    "remove_host": "old_host={host}",
    "backup": "backup_folder={folder}",
    "restore": "backup_folder={folder}",
}
"""Playbook > what it is told."""
QUIET = {"site", "neighbours", "certificates", "check"}
"""Those that find nothing to do, and say so."""


def test_every_playbook_is_tried():
    folder = pathlib.Path(__file__).parents[2] / "playbooks"
    assert set(PLAYBOOKS) == {one.stem for one in folder.glob("*.yml")}


@pytest.fixture(scope="module")
def saved(cloud, tmp_path_factory):
    """A whole backup, for a restore to look at, of a cluster that is what this tree makes."""
    cloud.play("site")
    folder = tmp_path_factory.mktemp("backup") / "saved"
    cloud.play("backup", "-e", f"backup_folder={folder}")
    return folder


def state(cloud):
    """What a playbook could have changed: files and processes of hosts, the deployer's secrets, where servers and services are."""
    found = {}
    for one in cloud.lab.hosts:
        for asked in (FILES, PROCESSES):
            found[one.name, asked] = set(
                cloud.on(one.name, f"{asked} 2>/dev/null || true").splitlines()
            )
    secrets = (one for one in (cloud.lab.folder / "secrets").rglob("*") if one.is_file())
    found["secrets"] = {(str(one), one.stat().st_mtime_ns) for one in secrets}
    compute = cloud.api.compute
    found["services"] = {(one.binary, one.host, one.status) for one in compute.services()}
    found["servers"] = {
        (one.id, one.hypervisor_hostname) for one in compute.servers(all_projects=True)
    }
    return found


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_dry_run_changes_nothing(cloud, servers, computes, saved, tmp_path, playbook):
    told = PLAYBOOKS[playbook]
    folder = saved if playbook == "restore" else tmp_path / "saved"
    words = ("-e", told.format(host=computes[-1], folder=folder)) if told else ()
    before = state(cloud)
    said = cloud.play(playbook, "--check", *words)
    assert playbook not in QUIET or set(said.values()) == {0}, cloud.changes
    after = state(cloud)
    changed = {what: before[what] ^ after[what] for what in before if before[what] != after[what]}
    assert changed == {}, json.dumps(
        [[*map(str, what), sorted(map(str, by))] for what, by in changed.items()]
    )
    assert not (tmp_path / "saved").exists()
