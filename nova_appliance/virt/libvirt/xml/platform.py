# SPDX-License-Identifier: Apache-2.0
"""The board: firmware, identity in SMBIOS, clock, and the small devices every guest has."""

from __future__ import annotations

from collections.abc import Mapping

from nova_appliance.common.errors import Refused
from nova_appliance.domain import guest_agent
from nova_appliance.domain.hardware import Hardware
from nova_appliance.virt.libvirt.xml.element import Element, element

MACHINES = ("pc", "q35")
CDROM_BUS = {"pc": "ide", "q35": "sata"}

_BALLOON_PERIOD_S = 10
_ROOT_PORTS = 16


def machine_family(machine: str) -> str:
    """Say pc or q35 of a machine type such as pc-q35-7.2."""
    family = "q35" if machine.startswith("pc-q35") else machine
    family = "pc" if machine.startswith("pc-i440fx") else family
    if family not in MACHINES:
        raise Refused(
            f"There is no machine type {machine!r}; choose pc or q35, or a version of it."
        )
    return family


def sysinfo(server_id: str) -> Element:
    """<sysinfo>: cloud-init looks for this product before it asks for metadata."""
    entries = {
        "manufacturer": "OpenStack Foundation",
        "product": "OpenStack Nova",
        "serial": server_id,
        "uuid": server_id,
        "family": "Virtual Machine",
    }
    system = element("system", *(element("entry", text=v, name=k) for k, v in entries.items()))
    return element("sysinfo", system, type="smbios")


def boot(hardware: Hardware) -> Element:
    """<os>: a full virtual machine that starts from the devices with a boot order."""
    is_efi = hardware.firmware == "uefi"
    secure = "yes" if hardware.secure_boot else "no"
    # Firmware that would check signatures checks none while it has nobody's keys.
    names = ("secure-boot", "enrolled-keys") if hardware.secure_boot else ("secure-boot",)
    features = element(
        "firmware", *(element("feature", enabled=secure, name=name) for name in names)
    )
    return element(
        "os",
        element("type", text="hvm", arch="x86_64", machine=hardware.machine),
        features if is_efi else None,
        element("loader", secure="yes") if hardware.secure_boot else None,
        element("bootmenu", enable="yes") if hardware.boot_menu else None,
        element("smbios", mode="sysinfo"),
        firmware="efi" if is_efi else None,
    )


def features(hardware: Hardware, translation_mib: int = 0) -> Element:
    """<features>: ACPI is how a guest is asked to shut down; room for code that is emulated."""
    pmu = None if hardware.pmu is None else element("pmu", state="on" if hardware.pmu else "off")
    hidden = element("kvm", element("hidden", state="on")) if hardware.hidden else None
    smm = element("smm", state="on") if hardware.secure_boot else None
    room = element("tb-cache", text=translation_mib, unit="MiB")
    tcg = element("tcg", room) if translation_mib else None
    return element("features", element("acpi"), element("apic"), hidden, pmu, smm, tcg)


def root_ports(hardware: Hardware) -> list[Element]:
    """<controller> for cards: a q35 board takes none while it runs but in a port that is free."""
    if machine_family(hardware.machine) != "q35":
        return []
    root = element("controller", type="pci", index=0, model="pcie-root")
    ports = (element("controller", type="pci", model="pcie-root-port") for _ in range(_ROOT_PORTS))
    return [root, *ports]


def guest_clock(hardware: Hardware) -> Element:
    """<clock> in UTC, with timers that catch up after a pause."""
    return element(
        "clock",
        element("timer", name="pit", tickpolicy="delay"),
        element("timer", name="rtc", tickpolicy="catchup"),
        element("timer", name="hpet", present="yes" if hardware.devices.hpet else "no"),
        offset="utc",
    )


def agent_channel(properties: Mapping[str, str]) -> list[Element]:
    """<channel> to the agent inside the guest, if its image promises one."""
    if not guest_agent.is_there(properties):
        return []
    target = element("target", type="virtio", name="org.qemu.guest_agent.0")
    return [element("channel", target, type="unix")]


def small_devices(hardware: Hardware, *, has_usb: bool) -> list[Element]:
    """Randomness, the balloon that reports memory, a watchdog, sound, and USB only where it is used."""
    model = hardware.devices.sound_model
    sound = element("sound", model=model) if model else None
    dog = element("watchdog", model="i6300esb", action=hardware.watchdog)
    balloon = element("memballoon", element("stats", period=_BALLOON_PERIOD_S), model="virtio")
    devices = (
        _usb(hardware, has_usb=has_usb),
        sound,
        dog if hardware.watchdog else None,
        _random(hardware),
        balloon,
    )
    return [device for device in devices if device is not None]


def _usb(hardware: Hardware, *, has_usb: bool) -> Element | None:
    if not has_usb:
        return element("controller", type="usb", model="none")
    model = hardware.devices.usb_model
    return element("controller", type="usb", model=model) if model not in {"", "none"} else None


def _random(hardware: Hardware) -> Element | None:
    if not hardware.rng:
        return None
    rate = element("rate", bytes=hardware.rng_bytes, period=hardware.rng_period_ms)
    backend = element("backend", text="/dev/urandom", model="random")
    return element("rng", rate if hardware.rng_bytes else None, backend, model="virtio")
