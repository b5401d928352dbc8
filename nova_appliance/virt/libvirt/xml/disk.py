# SPDX-License-Identifier: Apache-2.0
"""<disk>: a file as a disk or a CD-ROM of the guest."""

from __future__ import annotations

import dataclasses

from nova_appliance.common.errors import Refused
from nova_appliance.virt.libvirt.xml.element import Element, element

BUS_PREFIX = {"virtio": "vd", "ide": "hd", "sata": "sd", "scsi": "sd", "usb": "sd"}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclasses.dataclass(frozen=True, kw_only=True)
class DiskPart:
    """One disk as its XML needs it."""

    file: str
    file_format: str
    bus: str
    target: str
    device: str = "disk"
    cache: str = "none"
    boot_order: int | None = None


def disk(part: DiskPart) -> Element:
    """<disk> for one part."""
    is_disk = part.device == "disk"
    return element(
        "disk",
        element(
            "driver",
            name="qemu",
            type=part.file_format,
            cache=part.cache if is_disk else None,
            discard="unmap" if is_disk else None,
        ),
        element("source", file=part.file),
        element("target", dev=part.target, bus=part.bus),
        None if is_disk else element("readonly"),
        None if part.boot_order is None else element("boot", order=part.boot_order),
        type="file",
        device=part.device,
    )


def controllers(buses: set[str]) -> list[Element]:
    """<controller> for the buses whose default card guests have no driver for."""
    virtio_scsi = element("controller", type="scsi", index=0, model="virtio-scsi")
    return [virtio_scsi] if "scsi" in buses else []


class Targets:
    """Gives each disk of one guest its name, such as vda, in the order of asking."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def take(self, bus: str) -> str:
        """The next free name on `bus`."""
        if bus not in BUS_PREFIX:
            raise Refused(f"There is no disk bus {bus!r}; choose {', '.join(sorted(BUS_PREFIX))}.")
        prefix = BUS_PREFIX[bus]
        number = self._given.get(prefix, 0)
        if number >= len(_LETTERS):
            raise Refused(f"A guest has at most {len(_LETTERS)} disks on bus {bus}.")
        self._given[prefix] = number + 1
        return prefix + _LETTERS[number]
