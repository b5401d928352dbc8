# SPDX-License-Identifier: Apache-2.0
"""A wrong inventory is told by file, line and sentence."""

import importlib.util
from pathlib import Path

import pytest
import yaml

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


def test_an_address_that_nobody_shares_need_not_be_said(tmp_path):
    alone = GOOD.replace("loadbalancers: {children: {controllers: {}}}\n", "")
    assert _problems(tmp_path, alone, "") == []
    assert _problems(tmp_path, alone, "192.0.2.11") == []


@pytest.mark.parametrize(
    "said", ["appliance_vip: ''\n", "appliance_vip:\n", "appliance_tls: true\n"]
)
def test_an_address_that_is_shared_must_be_said(tmp_path, said):
    (tmp_path / "hosts.yml").write_text(GOOD)
    (tmp_path / "all.yml").write_text(f"---\n{said}")
    names = [str(tmp_path / name) for name in ("hosts.yml", "all.yml")]
    where = "all.yml:2" if "vip" in said else "all.yml"
    assert list(module.of_vip(*names)) == [
        (
            f"{where}: appliance_vip is empty, but the hosts of 'loadbalancers' share it: "
            "give it a free address of their network, or leave that group without hosts."
        )
    ]
    # It may stand elsewhere, as in another file of variables; or somebody else's balancer is asked.
    assert list(module.of_vip(*names, "192.0.2.10")) == []
    assert list(module.of_vip(*names, "", {"haproxy": {"url": "https://lb"}})) == []


NEIGHBOURS = """\
---
appliance_neighbours:
  keystone: {url: "https://identity.example.org/v3"}
  mariadb:
    url: mysql://db.example.org:3306
  rabbitmq: {url: "rabbit://nova@mq1:5671,mq2/nova", ca_file: ""}
  memcached: {url: "memcached://[2001:db8::1]:11211,c2"}
  haproxy: {url: "https://cloud.example.org"}
"""


def _neighbours(tmp_path, text):
    (tmp_path / "all.yml").write_text(text)
    told = yaml.safe_load(text)["appliance_neighbours"]
    return list(module.of_neighbours(str(tmp_path / "all.yml"), told))


def test_good_neighbours_have_no_problems(tmp_path):
    assert _neighbours(tmp_path, NEIGHBOURS) == []
    assert _neighbours(tmp_path, "appliance_neighbours: {}\n") == []


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        (
            "  mariadb:",
            "  maria:",
            ("4: appliance_neighbours names 'maria', which is no neighbour (is 'mariadb' meant?); there are"
            " keystone, glance, neutron, cinder, mariadb, rabbitmq, memcached, haproxy."),
        ),
        ("    url: mysql", "    uri: mysql", "4: 'mariadb' of appliance_neighbours has no url."),
        ("https://cloud", "cloud", "8: the url of 'haproxy' in appliance_neighbours must begin with http:// or https://."),
        ("mysql:", "mysql+pymysql:", "4: the url of 'mariadb' in appliance_neighbours must begin with mysql://."),
        (
            "mysql://",
            "mysql://root:topsecret@",
            ("4: the url of 'mariadb' in appliance_neighbours names a user or password: "
            "passwords stand in secrets.yml (those that end in _db)."),
        ),
        (
            "rabbit://nova@",
            "rabbit://nova:top/secret@",
            "6: the url of 'rabbitmq' in appliance_neighbours has no good host and port.",
        ),
        (
            "rabbit://nova@",
            "rabbit://nova:top@secret@",
            ("6: the url of 'rabbitmq' in appliance_neighbours names a user or password: "
            "passwords stand in secrets.yml (rabbitmq)."),
        ),
        (":3306", ":33066666", "4: the url of 'mariadb' in appliance_neighbours has no good host and port."),
        (":3306", ",db2", "4: the url of 'mariadb' in appliance_neighbours names more than one host."),
        ('{url: "https://identity', '{ca: x, url: "https://identity', "3: 'keystone' of appliance_neighbours has no 'ca'."),
        ('"rabbit://nova@mq1:5671,mq2/nova"', '""', "6: 'rabbitmq' of appliance_neighbours has no url."),
    ],
)  # fmt: skip
def test_a_wrong_neighbour_is_named_with_its_line_and_without_secrets(
    tmp_path, was, becomes, sentence
):
    assert was in NEIGHBOURS
    told = _neighbours(tmp_path, NEIGHBOURS.replace(was, becomes))
    assert told == [f"all.yml:{sentence}"]
    assert "secret@" not in str(told)


def test_a_neighbour_that_no_file_here_names_is_told_without_a_line(tmp_path):
    (tmp_path / "all.yml").write_text("---\n")
    told = list(module.of_neighbours(str(tmp_path / "all.yml"), {"kafka": {}}))
    assert told[0].startswith("all.yml: appliance_neighbours names 'kafka'")
    assert list(module.of_neighbours(None, {"glance": "x"})) == [
        "group_vars: 'glance' of appliance_neighbours has no url."
    ]


INI = """\
# hosts
k2 ansible_host=192.0.2.22

[controllers]
c1 ansible_host=192.0.2.11 ansible_user=root
[computes]
k1 ansible_host=192.0.2.21
k2
r[1:3]

[databases:children]
controllers

[loadbalancers:children]
controllers

[all:vars]
ansible_user=root
"""


def _ini(tmp_path, text, name="hosts.ini"):
    (tmp_path / name).write_text(text)
    (tmp_path / "all.yaml").write_text("appliance_vip: 192.0.2.10\n")
    hosts = tmp_path / name
    return [*module.of_hosts(hosts), *module.of_vip(str(hosts), str(tmp_path / "all.yaml"))]


@pytest.mark.parametrize("name", ["hosts.ini", "hosts"])
def test_a_good_inventory_in_ini_has_no_problems(tmp_path, name):
    assert _ini(tmp_path, INI, name) == []


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        ("[computes]", "[compute]", "hosts.ini:6: there is no group 'compute' (is 'computes' meant?)."),
        ("[computes]", "[compute]", "hosts.ini:1: the group 'computes' is missing or has no host."),
        ("\nk2\n", "\nk1\n", "hosts.ini:8: k1 stands twice in 'computes', first in line 7."),
        (".21\n", ".11\n", "hosts.ini:7: k1 has the address 192.0.2.11 of c1 (line 5)."),
        ("\nk2\n", "\nk3\n", "hosts.ini:8: k3 has no ansible_host."),
        ("192.0.2.11 ", "192.0.2.10 ", "all.yaml:1: appliance_vip 192.0.2.10 is the address of c1 (hosts.ini:5); it must be a free one."),
    ],
)  # fmt: skip
def test_lines_of_ini_are_named(tmp_path, was, becomes, sentence):
    assert was in INI
    assert sentence in _ini(tmp_path, INI.replace(was, becomes))


def test_addresses_that_stand_elsewhere_count_and_programs_are_not_read(tmp_path):
    (tmp_path / "hosts.yml").write_text(GOOD.replace(" {ansible_host: 192.0.2.22}", ""))
    assert list(module.of_hosts(tmp_path / "hosts.yml", {"k2": "192.0.2.22"})) == []
    (tmp_path / "hosts").write_text("#!/bin/sh\n")
    (tmp_path / "hosts").chmod(0o755)
    assert list(module.of_hosts(tmp_path / "hosts")) == []
