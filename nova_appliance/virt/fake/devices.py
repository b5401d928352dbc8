# SPDX-License-Identifier: Apache-2.0
"""What stands in the slots of every fake host."""

from __future__ import annotations

from nova_appliance.domain.pci import PCI, PF, VF, VGPU, PciDevice

_NIC, _SLICED = "0000:05:00.0", "0000:07:00.0"
DEVICES = (
    PciDevice(address="0000:06:00.0", vendor_id="10de", product_id="1eb8", numa_node=0),
    PciDevice(address="0000:86:00.0", vendor_id="10de", product_id="1eb8", numa_node=1),
    PciDevice(address="0000:0b:00.0", vendor_id="1344", product_id="51c0", kind=PCI),
    PciDevice(address=_NIC, vendor_id="8086", product_id="10fb", kind=PF, numa_node=0),
    *(
        PciDevice(
            address=f"0000:05:10.{number}",
            vendor_id="8086",
            product_id="10ed",
            kind=VF,
            numa_node=0,
            parent=_NIC,
        )
        for number in range(4)
    ),
    *(
        PciDevice(
            address=f"{_SLICED}#{number}",
            vendor_id="10de",
            product_id="1b38",
            kind=VGPU,
            numa_node=0,
            parent=_SLICED,
            mdev_type="nvidia-35",
        )
        for number in range(2)
    ),
)
"""Two GPUs on two nodes, a disk, a network card with four functions, a GPU in two slices."""
