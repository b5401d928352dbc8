# SPDX-License-Identifier: Apache-2.0
"""What source and target of a live migration tell each other, by way of the conductor."""

from __future__ import annotations

import msgspec

from nova_appliance.domain.journey import Journey
from nova_appliance.domain.migration import Amount


class Passport(msgspec.Struct, frozen=True, kw_only=True):
    """What the source shows of a guest that is to leave it."""

    journey: Journey
    """Where its disks are; `token` is empty: they are in use."""
    cpu: str = ""
    """The processor that the guest sees, as the hypervisor writes it."""
    overlays: dict[str, str] = {}
    """Disk > name of the image that it lies over; empty for one that lies over nothing."""
    volumes: dict[str, str] = {}
    """Volume > its path there."""
    taken_bytes: int = 0
    """What the disks take of the source's file system now; the target is not told."""


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the target has ready."""

    address: str
    """Where the source's driver reaches the target's."""
    migrate_to: str = ""
    """Where the guest's memory is sent."""
    folder: str = ""
    """Where its disks lie there."""
    shared: bool = False
    """The target sees the source's disks."""
    whole: bool = False
    """Disks are to be copied with the images that they lie over."""
    listen: dict[str, str] = {}
    """Kind of console > address on which it listens there; `KIND+tls` where it wants TLS too.

    A host of before that reads no such key, and its guests want none."""
    serial_port: int = 0
    volumes: dict[str, str] = {}
    """Volume > its path there; they are not copied."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a live migration is."""

    memory: Amount = Amount()
    disk: Amount = Amount()
