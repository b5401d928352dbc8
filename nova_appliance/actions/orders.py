# SPDX-License-Identifier: Apache-2.0
"""The orders of sagas: what an action writes into the saga's row and the saga reads from it."""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.domain.boot import NetworkRequest
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.guest import Merge, Vif
from nova_appliance.domain.rescue import Rescue
from nova_appliance.domain.server import ServerImage


class BootOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What the new server's row does not say."""

    networks: tuple[NetworkRequest, ...] = ()
    security_groups: tuple[str, ...] = ()
    """Ids; empty leaves it to the network service."""
    zone: str | None = None
    host: str | None = None
    node: str | None = None
    tried: tuple[str, ...] = ()
    """Ids of the hosts that could not build it."""
    said: tuple[str, ...] = ()
    """Why they could not."""
    files: tuple[tuple[str, str], ...] = ()
    """Path and text of what its config drive has besides."""
    token: str = ""
    """The caller's, for volumes that are made; taken away when the saga has gone well."""
    password: str = ""
    """For the config drive; taken away as the token is."""


class VerbOrder(msgspec.Struct, frozen=True, kw_only=True):
    """`verb` is the row of domain.states.MOVES that is under way."""

    verb: str


class LateNews(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be begun when the server comes to rest: a saga of this id, with its order."""

    verb: str
    saga: str
    saga_id: str
    order: dict[str, Any]
    context: dict[str, Any]


class CreateImageOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The image that is there already, without data."""

    verb: str
    image_id: str


class ImageOfVolumesOrder(msgspec.Struct, frozen=True, kw_only=True):
    """`wanted` is what the image service is told, but for the mapping to the snapshots."""

    verb: str
    image_id: str
    wanted: dict[str, Any]
    token: str = ""
    """The caller's, whose snapshots they are; taken away when the saga has gone well."""


class AttachInterfaceOrder(msgspec.Struct, frozen=True, kw_only=True):
    """`index` tells the new port from the server's others; it is of no use for a ready port."""

    verb: str
    wanted: NetworkRequest
    index: int


class DetachInterfaceOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The port to take out."""

    verb: str
    port_id: str
    vif: Vif | None = None
    """Its card, for a port that is gone: a move forgets those."""


class SnapshotVolumeOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The attachment `id`; its volume is to be written to `file` from now on."""

    verb: str
    id: str
    snapshot_id: str
    file: str = ""
    merge: Merge | None = None
    """For the end of a snapshot: files that become one."""


class ShareOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The share that the row has, and who must be let in to mount it."""

    verb: str
    share_id: str
    address: str = ""
    """Of the server's host when it was asked; empty when there is none."""


class RebuildOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What the server is to be."""

    verb: str
    image: ServerImage
    changes: dict[str, Any] = {}
    """Fields of the server > their new values."""
    files: tuple[tuple[str, str], ...] = ()
    state: str = "active"
    """Its state when it was asked: a stopped server stays stopped."""
    keep_ephemeral: bool = False
    check_host: bool = False
    """Whether the host has to suit the image: it is another one."""
    volume_id: str = ""
    """The root disk, if it is a volume."""
    reimage: bool = False
    """Whether the image is to be written over that volume; else its content stays."""
    password: str = ""
    """For the config drive; taken away when the saga has gone well."""


class BackupOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The image that is there already, and how many of its kind are kept."""

    verb: str
    image_id: str
    backup_type: str
    rotation: int


class PasswordOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The new password; forgotten when the saga ends."""

    verb: str
    password: str


class ShelveOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The image that is to hold the root disk, and the server's state when it was asked.

    Empty for a server whose root disk is a volume.
    """

    verb: str
    image_id: str
    state: str = "active"


class UnshelveOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server is wanted; `tried` are ids of hosts that could not, `said` why."""

    verb: str
    zone: str | None = None
    host: str | None = None
    tried: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


class RescueOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to boot from, and the server's state when it was asked."""

    verb: str
    rescue: Rescue
    state: str = "active"
    password: str = ""
    """For the config drive; taken away when the saga has gone well."""


class MoveOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A server changes host or flavor; `verb` is resize, migrate, evacuate or os-migrateLive."""

    verb: str
    migration_id: str
    flavor: Flavor
    """What it has then; the old one unless it is resized."""
    host: str | None = None
    """The only host that will do."""
    unfiltered: bool = False
    block: bool | None = None
    """Whether disks are copied while it runs; None lets the hosts find out."""
    over_commit: bool | None = None
    """Whether such disks are measured by what they take now, not by what they may; None by neither."""
    ends: str = "active"
    """State after an evacuation."""
    password: str = ""
    """For the config drive that an evacuation makes; taken away when the saga has gone well."""
    tried: tuple[str, ...] = ()
    """Ids of the hosts that are not wanted or could not take it."""
    said: tuple[str, ...] = ()
    """Why they could not."""


class EndMoveOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A resize or cold migration is confirmed or reverted."""

    verb: str
    migration_id: str


class RebootOrder(msgspec.Struct, frozen=True, kw_only=True):
    """`verb` is reboot SOFT or reboot HARD."""

    verb: str
    hard: bool


class AttachVolumeOrder(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is the attachment's own in the server's row."""

    verb: str
    id: str
    volume_id: str


class DetachVolumeOrder(AttachVolumeOrder, frozen=True, kw_only=True):
    """The attachment to end."""


class SwapVolumeOrder(AttachVolumeOrder, frozen=True, kw_only=True):
    """The attachment, its volume, and the one that takes its place."""

    new_volume_id: str
