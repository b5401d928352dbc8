# SPDX-License-Identifier: Apache-2.0
"""Serial console with its log, VNC, screen and pointer."""

from __future__ import annotations

import dataclasses

from nova_appliance.common.errors import Refused
from nova_appliance.virt.libvirt.xml.element import Element, element

VIDEO_MODELS = ("virtio", "vga", "cirrus", "qxl", "bochs", "vmvga", "none")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConsolePart:
    """How a guest talks to people."""

    log_file: str
    vnc_listen: str = "127.0.0.1"
    keymap: str = ""
    video_model: str = "virtio"
    has_tablet: bool = True


def consoles(part: ConsolePart) -> list[Element]:
    """All devices that consoles need."""
    devices = [
        element(
            "serial",
            element("log", file=part.log_file, append="on"),
            element("target", port=0),
            type="pty",
        ),
        element("console", element("target", type="serial", port=0), type="pty"),
    ]
    if part.vnc_listen:
        devices += _screen(part)
    return devices


def _screen(part: ConsolePart) -> list[Element]:
    if part.video_model not in VIDEO_MODELS:
        raise Refused(f"There is no video model {part.video_model!r}.")
    graphics = element(
        "graphics",
        element("listen", type="address", address=part.vnc_listen),
        type="vnc",
        autoport="yes",
        keymap=part.keymap or None,
    )
    video = element("video", element("model", type=part.video_model))
    tablet = element("input", type="tablet", bus="usb")
    return [tablet, graphics, video] if part.has_tablet else [graphics, video]
