# SPDX-License-Identifier: Apache-2.0
"""The board: firmware, identity in SMBIOS, clock, and the small devices every guest has."""

from __future__ import annotations

from collections.abc import Mapping

from nova_appliance.common.errors import Refused
from nova_appliance.domain import guest_agent
from nova_appliance.virt.libvirt.xml.element import Element, element

MACHINES = ("pc", "q35")
CDROM_BUS = {"pc": "ide", "q35": "sata"}

_BALLOON_PERIOD_S = 10


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


def boot(machine: str) -> Element:
    """<os>: a full virtual machine that starts from the devices with a boot order."""
    return element(
        "os",
        element("type", text="hvm", arch="x86_64", machine=machine),
        element("smbios", mode="sysinfo"),
    )


def features() -> Element:
    """<features>: ACPI is how a guest is asked to shut down."""
    return element("features", element("acpi"), element("apic"))


def guest_clock() -> Element:
    """<clock> in UTC, with timers that catch up after a pause."""
    return element(
        "clock",
        element("timer", name="pit", tickpolicy="delay"),
        element("timer", name="rtc", tickpolicy="catchup"),
        element("timer", name="hpet", present="no"),
        offset="utc",
    )


def agent_channel(properties: Mapping[str, str]) -> list[Element]:
    """<channel> to the agent inside the guest, if its image promises one."""
    if not guest_agent.is_there(properties):
        return []
    target = element("target", type="virtio", name="org.qemu.guest_agent.0")
    return [element("channel", target, type="unix")]


def small_devices(*, has_usb: bool) -> list[Element]:
    """Randomness, the balloon that reports memory, and a USB bus only where it is used."""
    usb = None if has_usb else element("controller", type="usb", model="none")
    random = element("rng", element("backend", text="/dev/urandom", model="random"), model="virtio")
    balloon = element("memballoon", element("stats", period=_BALLOON_PERIOD_S), model="virtio")
    return [device for device in (usb, random, balloon) if device is not None]
