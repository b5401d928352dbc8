# SPDX-License-Identifier: Apache-2.0
"""What Ansible is told of a lab."""

import dataclasses
import json

import yaml

from nova_appliance.lab import inventory, layers, shape


def _lab(tmp_path, controllers, computes):
    lab = shape.planned(shape.lab_of(tmp_path, "lab", "10.77"), controllers, computes)
    shape.remember(lab)
    return lab


def test_hosts_stand_in_the_groups_of_their_kind(tmp_path):
    folder = inventory.write(_lab(tmp_path, 1, 2))
    groups = json.loads((folder / "hosts.json").read_text())["all"]["children"]
    assert groups["controllers"]["hosts"] == {"controller1": {"ansible_host": "10.77.0.11"}}
    assert sorted(groups["computes"]["hosts"]) == ["compute1", "compute2"]
    assert groups["databases"] == {"children": {"controllers": {}}}


def test_one_controller_has_an_address_in_front_unless_nothing_is_encrypted(tmp_path):
    secure = _lab(tmp_path, 1, 1)
    plain = dataclasses.replace(secure, tls=False)
    three = dataclasses.replace(_lab(tmp_path / "x", 3, 1), tls=False)
    front = {"children": {"controllers": {}}}
    for lab, expected in ((secure, front), (plain, {"children": {}}), (three, front)):
        said = json.loads((inventory.write(lab) / "hosts.json").read_text())
        assert said["all"]["children"]["loadbalancers"] == expected


def test_inventories_lab_names_the_same_groups(tmp_path):
    written = json.loads((inventory.write(_lab(tmp_path, 3, 1)) / "hosts.json").read_text())
    static = yaml.safe_load((inventory.ROOT / "inventories/lab/hosts.yml").read_text())
    named = static.get("all", {}).get("children", static)
    assert set(written["all"]["children"]) == set(named)


def test_each_layer_has_packages():
    assert all(layers.packages(layer) for layer in ("base", "controller", "compute"))


def test_hosts_find_volumes_in_the_folder_that_all_of_them_see(tmp_path):
    lab = _lab(tmp_path, 1, 2)
    told = json.loads(inventory._settings(lab).read_text())
    assert told["appliance_volume_share"] == f"lab:{shape.VOLUMES}"
    assert told["appliance_volume_folder"] == shape.VOLUMES
    assert lab.volumes.is_relative_to(lab.folder)
