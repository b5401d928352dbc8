# SPDX-License-Identifier: Apache-2.0
"""With what a rescued server runs, as its row remembers it while it is rescued."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from nova_appliance.domain.server import ServerImage

KEY = "rescue"
"""Key of system_metadata: a Rescue, JSON."""
DEVICE, BUS = "hw_rescue_device", "hw_rescue_bus"
"""Image properties of stable device rescue: the server's own disks keep their places."""
DEVICES = ("disk", "cdrom")


class Rescue(msgspec.Struct, frozen=True, kw_only=True):
    """The image to boot; with `device` or `bus` it comes after the server's own disks."""

    image: ServerImage

    @property
    def is_stable(self) -> bool:
        """Whether the server's own disks keep their places."""
        return bool(self.image.properties.keys() & {DEVICE, BUS})

    @property
    def names_drive(self) -> bool:
        """Whether the image names both the kind of drive and its bus."""
        return {DEVICE, BUS} <= self.image.properties.keys()

    @property
    def device(self) -> str:
        """Kind of drive: disk or cdrom."""
        return self.image.properties.get(DEVICE, "disk")

    @property
    def bus(self) -> str:
        """Bus of the drive; empty leaves it to the kind of drive."""
        return self.image.properties.get(BUS, "")


def of(system_metadata: Mapping[str, str]) -> Rescue | None:
    """What the row remembers; None for a server that is not rescued."""
    text = system_metadata.get(KEY)
    return msgspec.json.decode(text, type=Rescue) if text else None


def remembered(rescue: Rescue) -> dict[str, str]:
    """What the row keeps of it."""
    return {KEY: msgspec.json.encode(rescue).decode()}


def forgotten(system_metadata: Mapping[str, str]) -> dict[str, str]:
    """The row's memory without it."""
    return {key: value for key, value in system_metadata.items() if key != KEY}
