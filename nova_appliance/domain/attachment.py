# SPDX-License-Identifier: Apache-2.0
"""A block device of a server beside its image's disk: a volume, or an extra local disk."""

from __future__ import annotations

from typing import Any

import msgspec

VOLUME, LOCAL = "volume", "local"


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """One device. The server's row holds them all; `volume_id` is None until its volume is made."""

    id: str
    """bdm_uuid of the API."""
    device: str
    """Such as /dev/vdb."""
    source: str = VOLUME
    """What it was made of: image, volume, snapshot or blank."""
    source_id: str | None = None
    destination: str = VOLUME
    """volume or local."""
    volume_id: str | None = None
    attachment_id: str | None = None
    """The volume service's own name of it."""
    boot_index: int | None = None
    """0 is the root disk."""
    size_gib: int | None = None
    size_mib: int = 0
    """Of swap disks, in place of size_gib."""
    volume_type: str | None = None
    delete_on_termination: bool = False
    tag: str | None = None
    bus: str = "virtio"
    device_type: str = "disk"
    guest_format: str | None = None
    shared: bool = False
    """A volume that several servers may have (multiattach)."""
    connection: dict[str, Any] = {}
    """How the host reaches it: driver_volume_type and data; empty until it is connected."""

    @property
    def is_volume(self) -> bool:
        """Whether it is a volume that is there."""
        return self.destination == VOLUME and self.volume_id is not None

    @property
    def is_reserved(self) -> bool:
        """Whether the volume service keeps it for the server: before, no host can connect it."""
        return self.is_volume and bool(self.attachment_id)

    @property
    def is_root(self) -> bool:
        """Whether the server boots from it."""
        return self.boot_index == 0


def find(attachments: tuple[Attachment, ...], volume_id: str) -> Attachment | None:
    """The attachment of this volume."""
    return next((one for one in attachments if one.is_volume and one.volume_id == volume_id), None)


def root(attachments: tuple[Attachment, ...]) -> Attachment | None:
    """The volume that the server boots from; None when its root disk is local."""
    return next((one for one in attachments if one.is_root and one.destination == VOLUME), None)


def with_(attachments: tuple[Attachment, ...], one: Attachment) -> tuple[Attachment, ...]:
    """Them and this one, which takes the place of the one with its id."""
    if any(other.id == one.id for other in attachments):
        return tuple(one if other.id == one.id else other for other in attachments)
    return (*attachments, one)


def without(attachments: tuple[Attachment, ...], attachment_id: str) -> tuple[Attachment, ...]:
    """Them without the one of this (bdm) id."""
    return tuple(one for one in attachments if one.id != attachment_id)
