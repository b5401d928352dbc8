# SPDX-License-Identifier: Apache-2.0
"""The size of a volume is that of the disk which the guest sees, whatever its file is like."""

import subprocess

import pytest

from nova_appliance.domain.guest import Volume
from nova_appliance.virt.libvirt import swaps

SIZE = 64 << 20


@pytest.mark.parametrize("form", ["raw", "qcow2"])
def test_the_size_is_what_the_guest_sees(tmp_path, form):
    path = tmp_path / "disk"
    subprocess.run(["qemu-img", "create", "-q", "-f", form, path, str(SIZE)], check=True)
    volume = Volume(
        volume_id="v", attachment_id="a", device="vdb", bus="virtio", path=str(path),
        kind="file", file_format=form,
    )  # fmt: skip
    assert swaps.bytes_of(volume) == SIZE
