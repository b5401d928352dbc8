# SPDX-License-Identifier: Apache-2.0
"""Aliases, requests of flavors, and which devices are taken for them."""

import pytest

from nova_appliance.domain import device_specs, pci
from nova_appliance.domain.pci import BadRequest, PciDevice
from nova_appliance.virt.fake.devices import DEVICES

GPU = '{"name": "gpu", "vendor_id": "10de", "product_id": "1eb8"}'
NIC = '{"name": "nic", "device_type": "type-VF", "vendor_id": "8086", "product_id": "10ed"}'
KNOWN = pci.aliases_of((GPU, NIC))


def wanted(specs, properties=None, known=KNOWN):
    return pci.requests(specs, properties or {}, known)


def alias(policy):
    text = f'{{"name": "gpu", "product_id": "1eb8", "numa_policy": "{policy}"}}'
    return wanted({"pci_passthrough:alias": "gpu:1"}, known=pci.aliases_of((text,)))


@pytest.mark.parametrize(
    "text",
    [
        "gpu",
        "{}",
        '{"name": "x", "device_type": "type-X"}',
        '{"name": "x", "numa_policy": "socket"}',
        '{"name": "x", "colour": "red"}',
    ],
)
def test_a_bad_alias_is_named(text):
    with pytest.raises(BadRequest, match="alias"):
        pci.aliases_of((text,))


@pytest.mark.parametrize(
    ("specs", "sentence"),
    [
        ({"pci_passthrough:alias": "fpga:1"}, "PCI alias fpga is not defined"),
        ({"pci_passthrough:alias": "gpu"}, "NAME:COUNT"),
        ({"pci_passthrough:alias": "gpu:0"}, "NAME:COUNT"),
        ({"pci_passthrough:alias": "gpu:x"}, "NAME:COUNT"),
        ({"pci_passthrough:alias": "gpu:99"}, "more than"),
        ({"resources:VGPU": "x"}, "resources:VGPU"),
        ({"resources:VGPU": "-1"}, "resources:VGPU"),
        ({"hw:pci_numa_affinity_policy": "near"}, "hw:pci_numa_affinity_policy"),
    ],
)
def test_a_bad_request_is_named(specs, sentence):
    with pytest.raises(BadRequest, match=sentence):
        wanted(specs)


def test_flavor_and_image_may_not_contradict_each_other():
    with pytest.raises(BadRequest, match="hw_pci_numa"):
        wanted(
            {"hw:pci_numa_affinity_policy": "required"},
            {"hw_pci_numa_affinity_policy": "preferred"},
        )


def test_requests_of_a_flavor():
    specs = {"pci_passthrough:alias": "gpu:1, nic:2", "resources:VGPU": "1"}
    assert [(one.name, one.count) for one in wanted(specs)] == [("gpu", 1), ("nic", 2), ("VGPU", 1)]
    assert wanted({"resources:VGPU": "0"}) == ()


def test_devices_are_picked_once_each():
    both = wanted({"pci_passthrough:alias": "gpu:1,gpu:1"})
    addresses = [device.address for device in pci.pick(DEVICES, both)]
    assert addresses == ["0000:06:00.0", "0000:86:00.0"]
    assert pci.pick(DEVICES, wanted({"pci_passthrough:alias": "gpu:3"})) is None
    assert pci.pick(DEVICES, wanted({"resources:VGPU": "3"})) is None


def test_two_aliases_of_one_name_are_alternatives():
    disk = '{"name": "gpu", "vendor_id": "1344"}'
    three = wanted({"pci_passthrough:alias": "gpu:3"}, known=pci.aliases_of((GPU, disk)))
    assert len(pci.pick(DEVICES, three)) == 3


@pytest.mark.parametrize(
    ("policy", "nodes", "picked"),
    [
        ("required", (0, 1, None), 1),
        ("required", (None,), None),
        ("legacy", (None,), 1),
        ("preferred", (None,), 1),
    ],
)
def test_a_guest_with_cells_gets_devices_near_it(policy, nodes, picked):
    free = [
        PciDevice(address=f"0000:0{index}:00.0", product_id="1eb8", numa_node=node)
        for index, node in enumerate(nodes)
    ]
    found = pci.pick(free, alias(policy), cells=1)
    assert (len(found) if found else None) == picked


def test_two_nodes_are_too_many_for_one_cell_unless_it_is_a_wish():
    two = {"pci_passthrough:alias": "gpu:2"}
    for policy, cells, fits in (
        ("required", 1, False),
        ("legacy", 1, False),
        ("preferred", 1, True),
        ("required", 2, True),
        ("required", 0, True),
    ):
        specs = {**two, "hw:pci_numa_affinity_policy": policy}
        assert (pci.pick(DEVICES, wanted(specs), cells) is not None) is fits, (policy, cells)


def test_a_wish_takes_what_is_near_first():
    near = PciDevice(address="0000:02:00.0", product_id="1eb8", numa_node=3)
    far = PciDevice(address="0000:01:00.0", product_id="1eb8")
    assert pci.pick((far, near), alias("preferred"), cells=1) == (near,)


@pytest.mark.parametrize(
    ("spec", "count"),
    [
        ('{"vendor_id": "10de"}', 2),
        ('{"vendor_id": "*", "product_id": "10ed"}', 4),
        ('{"address": "0000:05:*"}', 5),
        ('{"address": "*:06:00.0"}', 1),
        ("{}", 8),
    ],
)
def test_specs_offer_what_they_name(spec, count):
    specs = device_specs.specs_of((spec,))
    assert len(device_specs.offered(DEVICES, specs, ())) == count


def test_slices_are_offered_by_their_type():
    assert len(device_specs.offered(DEVICES, (), ("nvidia-35",))) == 2
    assert device_specs.offered(DEVICES, (), ("nvidia-36",)) == ()


@pytest.mark.parametrize("text", ["x", '{"devname": "eth0"}', '{"vendor_id": 1}'])
def test_a_bad_spec_is_named(text):
    with pytest.raises(BadRequest, match="device_spec"):
        device_specs.specs_of((text,))
