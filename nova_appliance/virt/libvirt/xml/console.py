# SPDX-License-Identifier: Apache-2.0
"""Serial console with its log, VNC, SPICE, screen and pointer."""

from __future__ import annotations

import dataclasses

from nova_appliance.common.errors import Refused
from nova_appliance.virt.libvirt.xml.element import Element, element

VIDEO_MODELS = ("virtio", "vga", "cirrus", "qxl", "bochs", "vmvga", "none")

_SECURE = {"graphics": ("defaultMode", "secure"), "source": ("tls", "yes")}
"""Element > the attribute by which it listens with TLS alone."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConsolePart:
    """How a guest talks to people."""

    log_file: str
    vnc_listen: str = "127.0.0.1"
    keymap: str = ""
    spice_listen: str = ""
    spice_secure: bool = False
    spice_agent: bool = True
    serial_listen: str = ""
    serial_secure: bool = False
    serial_port: int = 0
    video_model: str = "virtio"
    video_ram_mib: int = 0
    has_tablet: bool = True


def consoles(part: ConsolePart) -> list[Element]:
    """All devices that consoles need."""
    devices = _serial(part)
    screens = [*_vnc(part), *_spice(part)]
    if screens:
        devices += [*_pointer(part), *screens, _video(part)]
    return devices


def _serial(part: ConsolePart) -> list[Element]:
    """One port; over TCP one client at a time reads what the log gets too."""
    log = element("log", file=part.log_file, append="on")
    target = element("target", port=0)
    if not part.serial_port:
        return [
            element("serial", log, target, type="pty"),
            element("console", element("target", type="serial", port=0), type="pty"),
        ]
    source = element("source", mode="bind", host=part.serial_listen, service=part.serial_port)
    want_tls(source, wanted=part.serial_secure)
    return [
        element("serial", source, element("protocol", type="raw"), log, target, type="tcp"),
    ]


def _pointer(part: ConsolePart) -> list[Element]:
    return [element("input", type="tablet", bus="usb")] if part.has_tablet else []


def _vnc(part: ConsolePart) -> list[Element]:
    if not part.vnc_listen:
        return []
    listen = element("listen", type="address", address=part.vnc_listen)
    keymap = part.keymap or None
    return [element("graphics", listen, type="vnc", autoport="yes", keymap=keymap)]


def _spice(part: ConsolePart) -> list[Element]:
    if not part.spice_listen:
        return []
    listen = element("listen", type="address", address=part.spice_listen)
    screen = element("graphics", listen, type="spice", autoport="yes", keymap=part.keymap or None)
    want_tls(screen, wanted=part.spice_secure)
    devices = [screen]
    if part.spice_agent:
        target = element("target", type="virtio", name="com.redhat.spice.0")
        devices.append(element("channel", target, type="spicevmc"))
    return devices


def want_tls(part: Element, *, wanted: bool) -> None:
    """Whether SPICE's <graphics>, or the <source> of a serial port, listens with TLS alone."""
    name, value = _SECURE[part.tag]
    if wanted:
        part.set(name, value)
    else:
        part.attrib.pop(name, "")


def _video(part: ConsolePart) -> Element:
    if part.video_model not in VIDEO_MODELS:
        raise Refused(f"There is no video model {part.video_model!r}.")
    vram = part.video_ram_mib * 1024 or None
    return element("video", element("model", type=part.video_model, vram=vram))
