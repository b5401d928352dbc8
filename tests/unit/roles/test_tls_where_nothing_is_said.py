# SPDX-License-Identifier: Apache-2.0
"""An inventory that says nothing of TLS has it, and is told in a sentence when nobody speaks HTTPS."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HOSTS = """\
all: {hosts: {localhost: {ansible_connection: local}}}
controllers: {hosts: {c1: {ansible_host: 192.0.2.11}}}
computes: {hosts: {k1: {ansible_host: 192.0.2.21}}}
databases: {children: {controllers: {}}}
brokers: {children: {controllers: {}}}
caches: {children: {controllers: {}}}
identity: {children: {controllers: {}}}
images: {children: {controllers: {}}}
networks: {children: {controllers: {}}}
volumes: {children: {controllers: {}}}
"""
FRONT = "loadbalancers: {children: {controllers: {}}}\n"
SENTENCE = "the group loadbalancers has no host, and without one nobody speaks HTTPS"


@pytest.mark.parametrize(
    ("hosts", "settings", "refused"),
    [(HOSTS, "", True), (HOSTS, "appliance_tls: false\n", False), (HOSTS + FRONT, "", False)],
    ids=["nothing", "without", "balanced"],
)
def test_check_asks_for_a_balancer(tmp_path, hosts, settings, refused):
    (tmp_path / "hosts.yml").write_text(hosts)
    (tmp_path / "group_vars").mkdir()
    said = f"appliance_vip: 192.0.2.10\nappliance_secrets_dir: {tmp_path}\n{settings}"
    (tmp_path / "group_vars" / "all.yml").write_text(said)
    program = Path(sys.executable).with_name("ansible-playbook")
    inventory = ["-i", str(tmp_path / "hosts.yml"), "--limit", "localhost"]
    done = subprocess.run(
        [str(program), *inventory, str(ROOT / "playbooks" / "check.yml")],
        cwd=ROOT, env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    words = " ".join(done.stdout.replace("\\", "").split())
    assert (SENTENCE in words, done.returncode != 0) == (refused, refused), words
