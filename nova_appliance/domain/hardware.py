# SPDX-License-Identifier: Apache-2.0
"""What flavor and image say of a guest's hardware, read together and checked. Pure.

The flavor's word is `hw:cpu_policy`, the image's `hw_cpu_policy`; the sentences name the word.
"""

from __future__ import annotations

import re

import msgspec

from nova_appliance.common import errors
from nova_appliance.domain.extra_specs import FALSE_WORDS, TRUE_WORDS
from nova_appliance.domain.hardware_cells import cells
from nova_appliance.domain.hardware_cpus import Topology, topology
from nova_appliance.domain.hardware_devices import Devices, Words, devices, is_on
from nova_appliance.domain.numa import NumaCell


class Impossible(errors.Refused):
    """Flavor or image ask for what no guest can have; the message says which word."""


class Hardware(msgspec.Struct, frozen=True, kw_only=True):
    """The hardware of a guest. Empty words leave it to the driver."""

    machine: str = "pc"
    firmware: str = "bios"
    secure_boot: bool = False
    secure_boot_wished: bool = False
    """Secure boot if the host can, else without."""
    boot_menu: bool = False
    topology: Topology | None = None
    cells: tuple[NumaCell, ...] = ()
    pinned: bool = False
    """Each virtual processor has one of the host for itself."""
    page_size: str = ""
    """large, any, small, or KiB as digits."""
    locked_memory: bool = False
    pmu: bool | None = None
    hidden: bool = False
    """The guest is not told that it runs on KVM."""
    cdrom_bus: str = ""
    vif_model: str = "virtio"
    video_model: str = "virtio"
    video_ram_mib: int = 0
    rng: bool = True
    rng_bytes: int = 0
    """Bytes of randomness in `rng_period_ms`; 0 is no limit."""
    rng_period_ms: int = 1000
    watchdog: str = ""
    """What happens when the guest hangs: reset, poweroff, pause, none."""
    cpu_limits: dict[str, int] = {}
    """shares, period, quota."""
    disk_limits: dict[str, int] = {}
    """read_bytes_sec, total_iops_sec, ... of each local disk."""
    devices: Devices = Devices()
    vif_limits: dict[str, int] = {}
    """inbound_average, outbound_peak, ... in kB/s and kB."""

    def settled(self, *, has_secure_boot: bool) -> Hardware:
        """With what is wished for and the host has."""
        secure = self.secure_boot or (self.secure_boot_wished and has_secure_boot)
        return msgspec.structs.replace(self, secure_boot=secure)


CHOICES: dict[str, tuple[str, ...]] = {
    "hw_disk_bus": ("virtio", "ide", "sata", "scsi", "usb"),
    "hw_cdrom_bus": ("ide", "sata", "scsi", "usb", "virtio"),
    "hw_vif_model": ("virtio", "e1000", "e1000e", "rtl8139", "ne2k_pci", "pcnet", "vmxnet3"),
    "hw_video_model": ("virtio", "vga", "cirrus", "qxl", "bochs", "vmvga", "none"),
    "hw_firmware_type": ("bios", "uefi"),
    "hw_rng_model": ("virtio",),
    "hw_watchdog_action": ("disabled", "reset", "poweroff", "pause", "none"),
    "hw_cpu_policy": ("shared", "dedicated"),
    "hw_cpu_thread_policy": ("prefer",),
    "os_secure_boot": ("required", "disabled", "optional"),
    "hw_mem_page_size": (),
}
"""Word of the image > what it may be, for both forms of the word; () is checked elsewhere."""
KINDS = {
    "hw_disk_bus": "disk bus",
    "hw_cdrom_bus": "bus for CD-ROMs",
    "hw_vif_model": "network card",
    "hw_video_model": "video model",
}
_MACHINE = re.compile(r"pc|q35|pc-(q35|i440fx)-[0-9][0-9a-z.]*")
"""Boards, and versions of them."""
_PAGE_WORDS = ("large", "small", "any")
_UNITS = {"": 1, "k": 1, "m": 1 << 10, "g": 1 << 20, "t": 1 << 30}


def read(specs: Words, properties: Words, vcpus: int, memory_mib: int) -> Hardware:
    """The hardware of a guest of this flavor and image. Raises Impossible."""
    _check_choices(specs, properties)
    firmware, secure = _firmware(specs, properties)
    wished = _wishes_secure_boot(specs, properties, firmware)
    machine = _machine(properties, secure=secure, wished=wished)
    rng_allowed = specs.get("hw_rng:allowed", "true").lower() not in FALSE_WORDS
    try:
        shape = topology(specs, properties, vcpus)
        grouped = cells(specs, properties, vcpus, memory_mib)
    except ValueError as error:
        raise Impossible(str(error)) from error
    return Hardware(
        machine=machine,
        firmware=firmware,
        secure_boot=secure,
        secure_boot_wished=wished,
        boot_menu=is_on(specs, "hw:boot_menu") or is_on(properties, "hw_boot_menu"),
        topology=shape,
        cells=grouped,
        pinned=_one(specs, properties, "hw:cpu_policy", "hw_cpu_policy") == "dedicated",
        page_size=_page_size(specs, properties),
        locked_memory=is_on(specs, "hw:locked_memory") or is_on(properties, "hw_locked_memory"),
        pmu=_switch(specs.get("hw:pmu", properties.get("hw_pmu"))),
        hidden=is_on(specs, "hw:hide_hypervisor_id")
        or is_on(specs, "hide_hypervisor_id")
        or is_on(properties, "img_hide_hypervisor_id"),
        cdrom_bus=properties.get("hw_cdrom_bus", ""),
        vif_model=properties.get("hw_vif_model", "virtio"),
        video_model=properties.get("hw_video_model", "virtio"),
        video_ram_mib=_video_ram(specs, properties),
        rng=rng_allowed,
        rng_bytes=_number(specs, "hw_rng:rate_bytes"),
        rng_period_ms=_number(specs, "hw_rng:rate_period") or 1000,
        watchdog=_watchdog(specs, properties),
        cpu_limits=_limits(specs, "quota:cpu_"),
        disk_limits=_limits(specs, "quota:disk_"),
        devices=devices(specs, properties, vcpus),
        vif_limits=_limits(specs, "quota:vif_"),
    )


def _machine(properties: Words, *, secure: bool, wished: bool) -> str:
    """A wish brings the board too, so that it is the same on hosts that can and that cannot."""
    machine = properties.get("hw_machine_type", "q35" if secure or wished else "pc")
    if not _MACHINE.fullmatch(machine):
        raise Impossible(
            f"There is no machine type {machine!r} for hw_machine_type; choose pc or q35."
        )
    if secure and "q35" not in machine:
        raise Impossible("os_secure_boot is required, but hw_machine_type is not q35.")
    return machine


def _firmware(specs: Words, properties: Words) -> tuple[str, bool]:
    """The firmware, and whether it starts what is signed only."""
    secure = _one(specs, properties, "os:secure_boot", "os_secure_boot") == "required"
    firmware = properties.get("hw_firmware_type", "uefi" if secure else "bios")
    if secure and firmware != "uefi":
        raise Impossible("os_secure_boot is required, but hw_firmware_type is not uefi.")
    return firmware, secure


def _wishes_secure_boot(specs: Words, properties: Words, firmware: str) -> bool:
    """Whether it is optional, and firmware and board do not stand against it."""
    optional = _one(specs, properties, "os:secure_boot", "os_secure_boot") == "optional"
    return optional and firmware == "uefi" and "q35" in properties.get("hw_machine_type", "q35")


def _check_choices(specs: Words, properties: Words) -> None:
    for name, choices in CHOICES.items():
        for words, word in ((properties, name), (specs, _of_flavor(name))):
            value = words.get(word)
            if value is not None and choices and value not in choices:
                kind = KINDS.get(name, "choice")
                raise Impossible(
                    f"There is no {kind} {value!r} for {word}; choose {', '.join(choices)}."
                )


def _of_flavor(name: str) -> str:
    """The flavor's word for the image's: hw:cpu_policy for hw_cpu_policy."""
    prefix, _, rest = name.partition("_")
    return f"{prefix}:{rest}"


def _one(specs: Words, properties: Words, flavors: str, images: str) -> str | None:
    """The value of whichever has the word. Raises Impossible when they contradict each other."""
    said, told = specs.get(flavors), properties.get(images)
    if said and told and told not in {said, "optional"}:
        raise Impossible(f"{flavors} of the flavor is {said}, {images} of the image is {told}.")
    return said or told


def _page_size(specs: Words, properties: Words) -> str:
    said, told = specs.get("hw:mem_page_size", ""), properties.get("hw_mem_page_size", "")
    if told and said not in {"large", "any"}:
        raise Impossible(
            "hw_mem_page_size of the image needs a flavor with hw:mem_page_size large or any."
        )
    size = (told or said).strip().lower()
    if not size or size in _PAGE_WORDS:
        return size
    number = size.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = size[len(number) :].removesuffix("b").removesuffix("i")
    if not _NUMBER.fullmatch(number) or number.startswith("-") or unit not in _UNITS:
        raise Impossible(f"{size!r} is no size of a page (hw:mem_page_size).")
    return str(int(number) * _UNITS[unit])


def _video_ram(specs: Words, properties: Words) -> int:
    wanted, most = _number(properties, "hw_video_ram"), _number(specs, "hw_video:ram_max_mb")
    if wanted > most:
        raise Impossible(
            f"hw_video_ram of the image is {wanted} MiB, hw_video:ram_max_mb allows {most}."
        )
    return wanted


def _watchdog(specs: Words, properties: Words) -> str:
    action = properties.get("hw_watchdog_action", specs.get("hw:watchdog_action", "disabled"))
    return "" if action == "disabled" else action


def _limits(specs: Words, prefix: str) -> dict[str, int]:
    found = {key.removeprefix(prefix): key for key in specs if key.startswith(prefix)}
    known = {name: key for name, key in found.items() if name.endswith(_LIMITS[prefix])}
    return {name: _number(specs, key) for name, key in sorted(known.items())}


_LIMITS = {
    "quota:cpu_": ("shares", "period", "quota"),
    "quota:disk_": ("_bytes_sec", "_iops_sec"),
    "quota:vif_": ("_average", "_peak", "_burst"),
}


def _number(words: Words, key: str) -> int:
    text = words.get(key, "0").strip()
    if not _NUMBER.fullmatch(text):
        raise Impossible(f"{key} is {text!r}, which is no number.")
    number = int(text)
    if number < 0 and key not in _UNLIMITED:
        raise Impossible(f"{key} is {text}, less than nothing.")
    return number


_NUMBER = re.compile(r"-?[0-9]{1,18}")
_UNLIMITED = frozenset(("quota:cpu_quota",))
"""Words that a negative number takes the limit from."""


def _switch(word: str | None) -> bool | None:
    return None if word is None else word.strip().lower() in TRUE_WORDS
