# SPDX-License-Identifier: Apache-2.0
"""What flavors and images may ask for and no host of this cloud gives: refused with the word. Pure.

Asked by actions before anything is written, never of guests that are there. `hw:` is `hw_` in images.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nova_appliance.domain.extra_specs import FALSE_WORDS
from nova_appliance.domain.hardware import Impossible
from nova_appliance.domain.hardware_devices import SOUND_MODELS, USB_MODELS, Words, of_image

NOTHING = ("", *FALSE_WORDS)
"""Values by which a word asks for nothing."""
ASKED: dict[str, tuple[str, tuple[str, ...]]] = {
    # word > what it asks for, the values that are fine
    "hw:mem_encryption": ("encrypted memory", NOTHING),
    "hw:mem_encryption_model": ("encrypted memory", NOTHING),
    "hw:cpu_realtime": ("real-time processors", NOTHING),
    "hw:cpu_dedicated_mask": ("processors of two kinds", NOTHING),
    "hw:emulator_threads_policy": ("processors for the emulator's threads", NOTHING),
    "hw:ephemeral_encryption": ("encrypted ephemeral disks", NOTHING),
    "hw:ephemeral_encryption_format": ("encrypted ephemeral disks", NOTHING),
    "hw:tpm_version": ("a TPM", NOTHING),
    "hw:tpm_model": ("a TPM", NOTHING),
    "hw:tpm_secret_security": ("a TPM", NOTHING),
    "hw:pmem": ("persistent memory", NOTHING),
    "hw:viommu_model": ("a virtual IOMMU", NOTHING),
    "hw:maxphysaddr_mode": ("another width of addresses", NOTHING),
    "hw:maxphysaddr_bits": ("another width of addresses", NOTHING),
    "hw:firmware_stateless": ("firmware without memory", NOTHING),
    "hw:virtio_packed_ring": ("packed rings", NOTHING),
    "hw:serial_port_count": ("another number of serial ports than 1", ("1",)),
    "hw:redirected_usb_ports": ("redirected USB ports", NOTHING),
    "hw:input_bus": ("another bus for input than usb", ("", "usb")),
    "hw:scsi_model": ("another SCSI card than virtio-scsi", ("", "virtio-scsi")),
    "hw:emulation_architecture": ("another processor than x86_64", ("", "x86_64")),
    "hw:pointer_model": ("a pointer beside usbtablet and ps2mouse", ("", "usbtablet", "ps2mouse")),
    "hw:sound_model": (f"a sound card beside {', '.join(SOUND_MODELS)}", ("", *SOUND_MODELS)),
    "hw:usb_model": (f"a USB card beside {', '.join(USB_MODELS)}", ("", *USB_MODELS)),
    "accel:device_profile": ("accelerators", ("",)),
}
DEMANDS: tuple[tuple[re.Pattern[str], str, tuple[str, ...]], ...] = (
    # pattern of the flavor's word, what it asks for, the values that are fine
    (
        re.compile(r"quota:(cpu|memory|disk_io|vif)_(limit|reservation|shares_share)"),
        "a quota that QEMU does not know",
        ("", "0"),
    ),
    (
        re.compile(r"quota:(cpu|memory|disk_io|vif)_shares_level"),
        "a quota that QEMU does not know",
        ("", "normal"),
    ),
    (
        re.compile(r"resources[^:]*:(?!(?<=resources:)(VCPU|MEMORY_MB|DISK_GB|VGPU)$).*"),
        "a resource",
        ("", "0"),
    ),
)


def check(specs: Words, properties: Words) -> None:
    """Raises Impossible for the first word that asks for what is not given."""
    for word, value, promise, fine in _asked(specs, properties):
        if value.strip().lower() not in fine:
            raise Impossible(f"{word} asks for {promise}, which no host of this cloud offers.")
    _check_buses(specs, properties)
    _check_averages(specs)
    _check_cells(specs, "hw:numa_")
    _check_cells(properties, "hw_numa_")


def _asked(specs: Words, properties: Words) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    for name, (promise, fine) in ASKED.items():
        for words, word in ((specs, name), (properties, of_image(name))):
            if word in words:
                yield word, words[word], promise, fine
    for word, value in specs.items():
        for pattern, promise, fine in DEMANDS:
            if pattern.fullmatch(word):
                yield word, value, promise, fine


def lacks(bus: str, properties: Words) -> bool:
    """Whether the board has no such bus."""
    return bus == "ide" and "q35" in properties.get("hw_machine_type", "pc")


def _check_buses(specs: Words, properties: Words) -> None:
    """Buses that the board does not have."""
    usb = properties.get("hw_usb_model", specs.get("hw:usb_model", ""))
    for word in ("hw_disk_bus", "hw_cdrom_bus"):
        bus = properties.get(word, "")
        if lacks(bus, properties):
            raise Impossible(f"{word} is ide, which a board of hw_machine_type q35 does not have.")
        if bus == "usb" and usb == "none":
            raise Impossible(f"{word} is usb, and hw_usb_model or hw:usb_model is none.")


def _check_averages(specs: Words) -> None:
    """Peaks and bursts are told beside an average only."""
    for word, value in specs.items():
        found = _BESIDE_AVERAGE.fullmatch(word)
        if found is None or value.strip() in {"", "0"}:
            continue
        average = f"{found[1]}_average"
        if specs.get(average, "").strip() in {"", "0"}:
            raise Impossible(f"{word} counts for nothing without {average}.")


def _check_cells(words: Words, prefix: str) -> None:
    """Processors and memory of cells that there are not."""
    text = words.get(f"{prefix}nodes", "0").strip()
    count = int(text) if text.isdecimal() else 0
    for word in words:
        found = _OF_A_CELL.fullmatch(word.removeprefix(prefix)) if word.startswith(prefix) else None
        if found is not None and not int(found[1]) < count:
            raise Impossible(f"{word} is of a cell that there is not: {prefix}nodes is {text}.")


_BESIDE_AVERAGE = re.compile(r"(quota:vif_(?:inbound|outbound))_(?:peak|burst)")
_OF_A_CELL = re.compile(r"(?:cpus|mem)\.([0-9]{1,9})")
