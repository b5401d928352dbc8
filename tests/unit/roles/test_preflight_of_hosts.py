# SPDX-License-Identifier: Apache-2.0
"""A host that lacks something is told of it in a sentence each, and so is a wrong inventory, in one run."""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
# Nobody routes to the second of these, and no machine is in its network (RFC 5737).
HERE, NOWHERE = "127.0.0.1", "203.0.113.10"
PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {name: preflight, tasks_from: inventory}
      ignore_errors: true
    - ansible.builtin.import_role: {name: preflight}
      ignore_errors: true
"""
HOSTS = """\
controllers: {hosts: {localhost: {ansible_host: 127.0.0.1}}}
computes: {children: {controllers: {}}}
loadbalancers: {children: {controllers: {}}}
"""


def _words(folder, **settings):
    """What ansible-playbook says of this machine, and its exit code."""
    (folder / "play.yml").write_text(PLAY)
    (folder / "hosts.yml").write_text(HOSTS)
    (folder / "vars.yml").write_text(yaml.safe_dump(settings))
    program = Path(sys.executable).with_name("ansible-playbook")
    done = subprocess.run(
        [str(program), "-i", str(folder / "hosts.yml"), "-e", f"@{folder}/vars.yml", str(folder / "play.yml")],
        cwd=ROOT, env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return " ".join(done.stdout.replace("\\", "").split()), done.returncode


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A machine that lacks all that a host can lack: limits are beyond what there can be."""
    folder = tmp_path_factory.mktemp("hosts")
    (folder / "cpuinfo").write_text("flags : fpu vme svme\n")
    with socket.create_server((HERE, 0)) as ours, socket.socket() as closed:
        closed.bind((HERE, 0))  # and does not listen
        taken, refused = (one.getsockname()[1] for one in (ours, closed))
        words, _ = _words(
            folder,
            preflight_releases=["0"],
            preflight_memory_mib=1 << 40,
            preflight_disk_mib=1 << 40,
            preflight_clock_s=-1,
            preflight_needs_kvm=True,
            __preflight_cpu_file=f"{folder}/cpuinfo",
            preflight_names=["nobody.invalid", "localhost"],
            preflight_ports={taken: ["nova-api-that-is-long"]},
            preflight_places=[f"{HERE}:{taken}", f"{HERE}:{refused}"],
            preflight_vip=NOWHERE,
            preflight_shares_vip=True,
            preflight_neighbours={"maria": {"url": "mysql://root:topsecret@db"}},
        )
    return words, taken, refused


@pytest.mark.parametrize(
    "sentence",
    [
        r"it runs \S+ \S+, not Debian 0[;.]",
        r"it has \d+ MiB of memory and needs 1099511627776[;.]",
        r"it has \d+ MiB free on disk and needs 1099511627776[;.]",
        r"its clock differs by \d+ s from the deployer[;.]",
        (r"its processor offers no virtualisation \(neither vmx nor svm\): enable it in the firmware, "
        r"or set appliance_virt_type to qemu[;.]"),
        r"appliance_vip 203\.0\.113\.10 is in none of its networks, so it cannot hold it[;.]",
        r"it cannot resolve the name nobody\.invalid[;.]",
        r"it cannot reach 127\.0\.0\.1:{refused}[;.]",
        r"port {taken} is taken by .+?, but nova-api-that-is-long needs it[;.]",
        r"appliance_neighbours names 'maria', which is no neighbour \(is 'mariadb' meant\?\)",
    ],
)  # fmt: skip
def test_each_thing_that_a_host_lacks_is_a_sentence(told, sentence):
    words, taken, refused = told
    wanted = sentence.replace("{taken}", str(taken)).replace("{refused}", str(refused))
    assert re.search(wanted, words), words


def test_what_is_well_is_not_told(told):
    words, taken, _ = told
    assert f"reach 127.0.0.1:{taken}" not in words
    assert "name localhost" not in words


def test_a_password_that_stands_where_none_may_is_not_repeated(told):
    assert "topsecret" not in told[0]


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({}, []),
        ({"__preflight_cpu": {"rc": 1}}, ["neither vmx nor svm"]),
        ({"__preflight_kvm": {"stat": {"exists": False}}}, ["no /dev/kvm: load the module"]),
        ({"__preflight_cpu": {"rc": 1}, "preflight_needs_kvm": False}, []),
        ({"__preflight_cpu": {"rc": 1}, "architecture": "aarch64"}, []),
        ({"__preflight_route": {"rc": 0, "stdout": '[{"gateway": "192.0.2.1"}]'}}, ["none of its networks"]),
        ({"__preflight_route": {"rc": 2, "stdout": ""}}, ["none of its networks"]),
        ({"__preflight_route": {"rc": 2, "stdout": ""}, "preflight_shares_vip": False}, []),
    ],
)  # fmt: skip
def test_a_good_host_is_told_nothing_and_a_lack_is_told_once(rendering, facts, told):
    machine = {
        "distribution": "Debian", "distribution_major_version": "12", "memtotal_mb": 4096, "mounts": [],
        "architecture": facts.get("architecture", "x86_64"), "distribution_version": "12.1",
        "date_time": {"epoch": str(int(time.time()))},
    }  # fmt: skip
    line = 'LISTEN 0 128 192.0.2.11:6082 0.0.0.0:* users:(("nova-spicehtml5",pid=1,fd=3))'
    roles = [
        yaml.safe_load((ROOT / f"roles/preflight/{name}/main.yml").read_text())
        for name in ("defaults", "vars")
    ]
    known = {
        **roles[0],
        **roles[1],
        "ansible_facts": machine,
        "preflight_needs_kvm": True,
        "preflight_shares_vip": True,
        "preflight_vip": "192.0.2.10",
        "preflight_ports": {"6082": ["nova-spicehtml5proxy"]},
        "__preflight_sockets": {"stdout_lines": [line]},
        "__preflight_kvm": {"stat": {"exists": True}},
        "__preflight_cpu": {"rc": 0},
        "__preflight_route": {"rc": 0, "stdout": '[{"dst": "192.0.2.10", "dev": "eth0"}]'},
        "__preflight_reached": {"results": [{"item": "db:3306", "state": "started"}]},
        **facts,
    }
    found = rendering().ask("controller1", "__preflight_problems", **known)
    assert len(found) == len(told)
    assert all(part in sentence for part, sentence in zip(told, found, strict=True))
