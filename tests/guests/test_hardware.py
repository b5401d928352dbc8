# SPDX-License-Identifier: Apache-2.0
"""The machine, buses, network card and screen that an image asks for are what its guest has."""

import pytest

from nova_appliance.common.clock import wait_for

pytestmark = pytest.mark.timeout(500)
PCI = "for d in /sys/bus/pci/devices/*; do echo $(cat $d/vendor):$(cat $d/device); done"
ROOT = "readlink -f /sys/class/block/$(basename $(awk '$2 == \"/data\" {print $1}' /proc/mounts))"
CDROM = "readlink -f /sys/class/block/sr0"

WANTED = {
    "new": (
        {
            "hw_machine_type": "q35", "hw_disk_bus": "scsi", "hw_cdrom_bus": "scsi",
            "hw_vif_model": "vmxnet3", "hw_video_model": "bochs",
        },
        {"0x8086:0x29c0", "0x15ad:0x07b0", "0x1234:0x1111"},
        "/virtio",
    ),
    "old": (
        {
            "hw_machine_type": "pc", "hw_disk_bus": "ide", "hw_cdrom_bus": "ide",
            "hw_video_model": "cirrus",
        },
        {"0x8086:0x1237", "0x1af4:0x1000", "0x1013:0x00b8"},
        "/ata",
    ),
}  # fmt: skip
"""Properties of the image > chipset, card and screen by vendor and device, and on the way to its disks."""
CARDS = {"e1000": "0x8086:0x100e", "rtl8139": "0x10ec:0x8139"}
"""For these the guest's kernel has no driver; it names them on its console."""


@pytest.mark.parametrize("name", WANTED)
def test_a_guest_has_what_its_image_asks_for(cloud, servers, image, name):
    properties, devices, way = WANTED[name]
    with cloud.image(name, image, **properties) as image_id:
        server = cloud.make(name, image_id=image_id)
        cloud.wait_ready(server)
        door = cloud.open_door(server)
        assert devices <= set(cloud.ssh(door, PCI).split())
        root = cloud.ssh(door, ROOT)
        assert way in root, root
        assert "/block/sda/" in root, root
        assert way in cloud.ssh(door, CDROM)
        cloud.leave(server)
    cloud.nothing_stray()


@pytest.mark.parametrize("model", CARDS)
def test_a_card_that_the_guest_cannot_use_is_there_all_the_same(cloud, servers, image, model):
    with cloud.image(model, image, hw_vif_model=model) as image_id:
        server = cloud.make(model, image_id=image_id, user_data=f"#!/bin/sh\n{PCI}\n")
        cloud.wait_ready(server)
        assert wait_for(lambda: CARDS[model] in cloud.said(server), 60, 0.5), cloud.said(server)
        assert "0x1af4:0x1000" not in cloud.said(server)
        cloud.leave(server)
