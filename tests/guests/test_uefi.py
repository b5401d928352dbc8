# SPDX-License-Identifier: Apache-2.0
"""An image that asks for UEFI is started by it, with and without secure boot, as often as it is told to."""

from pathlib import Path

import pytest
from fixtures import uefi_disk
from lxml import etree

pytestmark = pytest.mark.timeout(500)
FIRMWARE = "cat /sys/firmware/efi/fw_platform_size; dmesg | grep -c 'Secure boot enabled'; true"
WANTED = {
    "uefi": ({"hw_firmware_type": "uefi"}, "64 0"),
    "secure": (
        {"hw_firmware_type": "uefi", "os_secure_boot": "required", "hw_machine_type": "q35"},
        "64 1",
    ),
    "wished": ({"hw_firmware_type": "uefi", "os_secure_boot": "optional"}, "64 1"),
}
"""What the image says of itself > what the guest sees of its firmware."""


@pytest.fixture(scope="module")
def disk(image, boot_code, tmp_path_factory):
    return uefi_disk.make(image, boot_code, tmp_path_factory.mktemp("uefi"))


@pytest.fixture(scope="module")
def flavor(cloud):
    """GRUB needs more memory than the kernel."""
    compute = cloud.connect().compute
    made = compute.create_flavor(name="uefi", vcpus=1, ram=384, disk=1)
    yield made.id
    compute.delete_flavor(made)


@pytest.fixture(params=WANTED)
def server(cloud, disk, flavor, request):
    properties, seen = WANTED[request.param]
    with cloud.image(request.param, disk, **properties) as image_id:
        yield cloud.make(request.param, image_id=image_id, flavor_id=flavor), seen


def variables(cloud, server):
    """The file in which the guest's firmware keeps what it is told."""
    return Path(etree.fromstring(cloud.machine.virsh("dumpxml", server)).findtext("os/nvram"))


def test_firmware_starts_it_again_and_again_and_leaves_nothing(cloud, servers, server):
    made, seen = server
    cloud.wait_ready(made, "ACTIVE")
    door, kept = cloud.open_door(made), variables(cloud, made)
    assert cloud.ssh(door, FIRMWARE).split() == seen.split()
    compute, number = cloud.connect().compute, kept.stat().st_ino
    compute.reboot_server(made, "HARD")
    cloud.wait_ready(made, "ACTIVE", boots=2)
    compute.stop_server(made)
    cloud.wait(made, "SHUTOFF")
    compute.start_server(made)
    cloud.wait_ready(made, "ACTIVE", boots=3)
    assert cloud.ssh(door, FIRMWARE).split() == seen.split()
    assert kept.stat().st_ino == number, "the same variables all the while"
    cloud.leave(made)
    assert not kept.exists()
