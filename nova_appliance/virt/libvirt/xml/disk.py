# SPDX-License-Identifier: Apache-2.0
"""<disk>: a file as a disk or a CD-ROM of the guest."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from nova_appliance.common.errors import Refused
from nova_appliance.virt.libvirt.xml.element import Element, element
from nova_appliance.virt.libvirt.xml.limits import io_tune

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
    limits: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """read_bytes_sec, total_iops_sec, ..."""
    kind: str = "file"
    """file, block, or network for an image in a Ceph cluster."""
    serial: str = ""
    read_only: bool = False
    shared: bool = False
    network: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """What the volume service says of a network disk."""


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
        *_source(part),
        element("target", dev=part.target, bus=part.bus),
        io_tune(part.limits) if is_disk else None,
        element("readonly") if part.read_only or not is_disk else None,
        element("shareable") if part.shared else None,
        element("serial", text=part.serial) if part.serial else None,
        None if part.boot_order is None else element("boot", order=part.boot_order),
        type=part.kind,
        device=part.device,
    )


def name_of(disk: Element) -> str:
    """What libvirt calls a guest's <disk>, such as vdb."""
    target = disk.find("target")
    return "" if target is None else str(target.get("dev", ""))


def _source(part: DiskPart) -> list[Element]:
    """Where the disk's content is; a network disk may need a secret of the host besides."""
    if part.kind == "block":
        return [element("source", dev=part.file)]
    if part.kind == "file":
        return [element("source", file=part.file)]
    known = part.network
    ends = zip(known.get("hosts") or (), known.get("ports") or (), strict=True)
    hosts = [element("host", name=name.strip("[]"), port=port) for name, port in ends]
    found = [element("source", *hosts, protocol="rbd", name=part.file)]
    if known.get("auth_enabled"):
        secret = element("secret", type="ceph", uuid=known.get("secret_uuid") or "")
        found.append(element("auth", secret, username=known.get("auth_username") or ""))
    return found


def controllers(buses: set[str]) -> list[Element]:
    """<controller> for the buses whose default card guests have no driver for."""
    virtio_scsi = element("controller", type="scsi", index=0, model="virtio-scsi")
    return [virtio_scsi] if "scsi" in buses else []


class Targets:
    """Gives each disk of one guest its name, such as vda, in the order of asking."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._given: dict[str, int] = {}
        self._taken = set(taken)

    def free(self, bus: str, wanted: str) -> str:
        """The wanted name if nobody has it, else the next free one on `bus`."""
        return self.take(bus, "" if wanted in self._taken else wanted)

    def take(self, bus: str, wanted: str = "") -> str:
        """The wanted name, or the next free one on `bus`."""
        if wanted:
            self._taken.add(wanted)
            return wanted
        if bus not in BUS_PREFIX:
            raise Refused(f"There is no disk bus {bus!r}; choose {', '.join(sorted(BUS_PREFIX))}.")
        prefix = BUS_PREFIX[bus]
        number = self._given.get(prefix, 0)
        if number >= len(_LETTERS):
            raise Refused(f"A guest has at most {len(_LETTERS)} disks on bus {bus}.")
        self._given[prefix] = number + 1
        name = prefix + _LETTERS[number]
        return self.take(bus) if name in self._taken else name
