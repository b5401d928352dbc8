# SPDX-License-Identifier: Apache-2.0
"""Whether firmware can do secure boot, read from the captured capabilities of true boards."""

from pathlib import Path

import msgspec
import pytest

from nova_appliance.domain.guest import Guest
from nova_appliance.virt.libvirt import firmware
from nova_appliance.virt.libvirt.xml.domain import HostTraits

CAPTURED = Path(__file__).parent / "captured"
HOST = HostTraits(virt_type="qemu")
GUEST = Guest(
    server_id="5c1b7a0e-9a5c-4a52-8d2e-0d8cdb1d7e11",
    name="instance-00000001",
    display_name="one",
    project_id="p1",
    user_id="u1",
    flavor_name="m1.tiny",
    vcpus=1,
    memory_mib=512,
    disks=(),
)
WISHING = {"hw_firmware_type": "uefi", "os_secure_boot": "optional"}


class Libvirt:
    """Tells what was captured."""

    def __init__(self, board="q35"):
        self.board = board
        self.asked = []

    def getDomainCapabilities(self, *about):  # noqa: N802 -- libvirt's name
        self.asked.append(about)
        return (CAPTURED / f"domain_capabilities_{self.board}.xml").read_text()


@pytest.mark.parametrize(("board", "can"), [("q35", True), ("pc", False)])
def test_a_guest_that_wishes_gets_what_its_board_can(board, can):
    lent = Libvirt(board)
    guest = msgspec.structs.replace(GUEST, image_properties=WISHING)
    assert firmware.asked(lent, guest, HOST).has_secure_boot == can
    assert lent.asked == [(None, "x86_64", "q35", "qemu")]


@pytest.mark.parametrize("policy", ["required", "disabled"])
def test_libvirt_is_not_asked_for_others(policy):
    lent = Libvirt()
    guest = msgspec.structs.replace(GUEST, image_properties=WISHING | {"os_secure_boot": policy})
    assert firmware.asked(lent, guest, HOST) is HOST
    assert firmware.asked(lent, GUEST, HOST) is HOST
    assert lent.asked == []


def test_no_firmware_no_secure_boot():
    assert not firmware.can_secure_boot(
        "<domainCapabilities><os supported='no'/></domainCapabilities>"
    )
    assert not firmware.can_secure_boot("<domainCapabilities/>")
