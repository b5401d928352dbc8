# SPDX-License-Identifier: Apache-2.0
"""A wrong inventory is told by file, line and sentence."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FILE = ROOT / "roles" / "preflight" / "library" / "inventory_problems.py"
SPEC = importlib.util.spec_from_file_location("inventory_problems", FILE)
module = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(module)

GOOD = """\
controllers:
  hosts:
    c1: {ansible_host: 192.0.2.11}
computes:
  hosts:
    k1: {ansible_host: 192.0.2.21}
    k2: {ansible_host: 192.0.2.22}
databases: {children: {controllers: {}}}
loadbalancers: {children: {controllers: {}}}
"""


def _problems(tmp_path, hosts, vip="192.0.2.10"):
    (tmp_path / "hosts.yml").write_text(hosts)
    (tmp_path / "all.yml").write_text(f"---\n# the address\nappliance_vip: {vip}\n")
    return [
        *module.of_hosts(tmp_path / "hosts.yml"),
        *module.of_vip(str(tmp_path / "hosts.yml"), str(tmp_path / "all.yml")),
    ]


def test_a_good_inventory_has_no_problems(tmp_path):
    assert _problems(tmp_path, GOOD) == []


def test_the_example_is_good():
    folder = ROOT / "inventories" / "example"
    assert list(module.of_hosts(folder / "hosts.yml")) == []
    settings = str(folder / "group_vars" / "all.yml")
    assert list(module.of_vip(str(folder / "hosts.yml"), settings)) == []


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        (
            "computes:",
            "compute:",
            "hosts.yml:4: there is no group 'compute' (is 'computes' meant?).",
        ),
        ("    k2:", "    k1:", "hosts.yml:7: k1 stands twice in 'computes', first in line 6."),
        (".22}", ".21}", "hosts.yml:7: k2 has the address 192.0.2.21 of k1 (line 6)."),
        (".22}", ".222222}", "hosts.yml:7: ansible_host '192.0.2.222222' of k2 is no address."),
        (" {ansible_host: 192.0.2.22}", "", "hosts.yml:7: k2 has no ansible_host."),
        (
            "databases: {children: {controllers: {}}}",
            "databases: {hosts: {c11: {}}}",
            (
                "hosts.yml:8: 'databases' names the unknown host 'c11' (is 'c1' meant?); "
                "give it an ansible_host, or name a host of controllers or computes."
            ),
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, was, becomes, sentence):
    assert sentence in _problems(tmp_path, GOOD.replace(was, becomes))


def test_a_missing_group_is_named(tmp_path):
    hosts = GOOD.replace("controllers:\n  hosts:\n    c1: {ansible_host: 192.0.2.11}\n", "")
    assert "hosts.yml:1: the group 'controllers' is missing or has no host." in _problems(
        tmp_path, hosts
    )


@pytest.mark.parametrize(
    ("vip", "sentence"),
    [
        ("192.0.2.300", "all.yml:3: appliance_vip '192.0.2.300' is no address."),
        (
            "192.0.2.21",
            (
                "all.yml:3: appliance_vip 192.0.2.21 is the address of k1 (hosts.yml:6); "
                "it must be a free one."
            ),
        ),
        ("127.0.0.1", "all.yml:3: appliance_vip 127.0.0.1 is an address that no host can have."),
    ],
)
def test_a_bad_vip_is_named_with_its_line(tmp_path, vip, sentence):
    assert _problems(tmp_path, GOOD, vip) == [sentence]
