# SPDX-License-Identifier: Apache-2.0
"""The shape of a lab: which hosts, which addresses, what is refused."""

import dataclasses

import pytest

from nova_appliance.common.errors import Invalid
from nova_appliance.lab import shape


def test_a_lab_has_controllers_and_computes_at_fixed_addresses(tmp_path):
    lab = shape.planned(shape.lab_of(tmp_path, "lab", "10.77"), 1, 2)
    assert {one.name: lab.address(one.number) for one in lab.hosts} == {
        "controller1": "10.77.0.11",
        "compute1": "10.77.0.21",
        "compute2": "10.77.0.22",
    }


def test_a_lab_is_remembered(tmp_path):
    lab = shape.planned(shape.lab_of(tmp_path, "ha", "10.78"), 3, 1)
    shape.remember(lab)
    assert shape.lab_of(tmp_path, "ha", "10.99") == lab


def test_a_lab_is_encrypted_and_remembers_when_it_is_not(tmp_path):
    lab = shape.lab_of(tmp_path, "lab", "10.77")
    assert lab.tls
    shape.remember(dataclasses.replace(shape.planned(lab, 1, 1), tls=False))
    assert not shape.lab_of(tmp_path, "lab", "10.77").tls


@pytest.mark.parametrize("name", ["", "Lab", "1lab", "seventh", "a b", "../x"])
def test_a_name_that_the_kernel_would_not_take_is_refused(tmp_path, name):
    with pytest.raises(Invalid):
        shape.lab_of(tmp_path, name, "10.77")


@pytest.mark.parametrize("net", ["10", "10.256", "192.168", "10.7.0", "10.77/16"])
def test_only_private_networks_are_taken(tmp_path, net):
    with pytest.raises(Invalid):
        shape.lab_of(tmp_path, "lab", net)


def test_no_name_on_this_machine_is_longer_than_a_link_may_be(tmp_path):
    lab = shape.planned(shape.lab_of(tmp_path, "sixsix", "10.77"), 3, 79)
    names = [name for one in lab.hosts for name, _, _ in lab.links(one)]
    assert max(map(len, [lab.bridge, lab.outside, *names])) <= 15
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("address", ["10.77.1.5", "10.77.0.10", "10.77.0.255", "10.77.0.x", "x"])
def test_a_host_at_a_wrong_address_is_refused(tmp_path, address):
    with pytest.raises(Invalid):
        shape.with_host(shape.lab_of(tmp_path, "lab", "10.77"), "one", address, "all")


def test_two_hosts_at_one_address_are_refused(tmp_path):
    lab = shape.with_host(shape.lab_of(tmp_path, "lab", "10.77"), "one", "10.77.0.30", "all")
    with pytest.raises(Invalid, match=r"10\.77\.0\.30 is the address of one"):
        shape.with_host(lab, "two", "10.77.0.30", "all")
    assert shape.with_host(lab, "one", "10.77.0.31", "all").host("one").number == 31


@pytest.mark.parametrize("counts", [(10, 0), (-1, 1), (1, 80)])
def test_more_hosts_than_there_are_addresses_are_refused(tmp_path, counts):
    with pytest.raises(Invalid):
        shape.planned(shape.lab_of(tmp_path, "lab", "10.77"), *counts)
