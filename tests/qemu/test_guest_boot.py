# SPDX-License-Identifier: Apache-2.0
"""The guest image boots in a real QEMU (TCG) and does what a server's guest must do."""

from __future__ import annotations

import re
import subprocess

from fixtures.free_ports import free_port

USER_DATA = '#!/bin/sh\necho "user data sees $(hostname)"\necho once >> /data/runs\n'


def _as_cd(drive):
    return ("-drive", f"file={drive},if=ide,media=cdrom,readonly=on")


def test_config_drive_is_read_and_power_button_halts(boot, disk, key, config_drive):
    machine = boot(disk, *_as_cd(config_drive(USER_DATA)))
    ready = machine.hear("guest ready:")
    assert re.search(r"nova-appliance guest ready: first 10\.0\.2\.15 uptime \d+\.\d+", ready)
    assert machine.hear("user data sees").endswith("user data sees first")
    machine.hear("user data: ended with 0")
    machine.type("echo answer $((6 * 7)); cat /root/.ssh/authorized_keys /data/runs")
    machine.hear("answer 42")
    assert machine.hear("ssh-ed25519") == key.with_suffix(".pub").read_text().strip()
    machine.press_power()
    assert machine.ended()


def test_data_survives_and_user_data_runs_once(boot, disk, config_drive):
    cd = _as_cd(config_drive(USER_DATA))
    first = boot(disk, *cd)
    first.hear("user data: ended with 0")
    first.type("echo kept > /data/file; poweroff")
    assert first.ended()
    second = boot(disk, *cd)
    second.hear("guest ready: first")
    second.type('echo "$(wc -l < /data/runs) run, $(cat /data/file)"')
    second.hear("1 run, kept")
    second.type('df -m /data | awk \'END {print "data", ($2 > 120) ? "grown" : $2}\'')
    second.hear("data grown")


def test_only_keys_open_the_door(boot, disk, tmp_path, key, config_drive):
    port = free_port()
    net = f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22"
    machine = boot(disk, *_as_cd(config_drive("")), net=net)
    machine.hear("guest ready:")
    options = ["-p", str(port), "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes"]
    ssh = ["ssh", *options, "-o", f"UserKnownHostsFile={tmp_path / 'known'}"]
    for user in ("root", "tiny"):
        with_key = [*ssh, "-i", key, f"{user}@127.0.0.1", "id -un"]
        done = subprocess.run(with_key, capture_output=True, text=True, timeout=120, check=True)
        assert done.stdout.strip() == user
    without = [*ssh, "-v", "-o", "PubkeyAuthentication=no", "root@127.0.0.1", "true"]
    refused = subprocess.run(without, capture_output=True, text=True, timeout=120, check=False)
    assert refused.returncode != 0
    assert "Permission denied (publickey)" in refused.stderr


def test_boots_without_any_source_of_names(boot, disk):
    machine = boot(disk)
    ready = machine.hear("guest ready:")
    assert ready.startswith("nova-appliance guest ready: tiny 10.0.2.15")
