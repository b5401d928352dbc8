# SPDX-License-Identifier: Apache-2.0
"""What a hypervisor driver is told about a server, and what it reports back.

Finished data: images are fetched, ports bound and volumes connected before a driver sees a guest.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec

RESCUE_DISK, RESCUE_DRIVE = "disk.rescue", "disk.config.rescue"
"""Name of the disk from which a rescued server boots."""


class PowerState(enum.IntEnum):
    """Power state numbers of the Compute API (source: reference server-status.tsv)."""

    NOSTATE = 0
    RUNNING = 1
    PAUSED = 3
    SHUTDOWN = 4
    CRASHED = 6
    SUSPENDED = 7


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """A local disk of a guest; `name` is its file name in the server's folder."""

    name: str
    size_gib: int
    image_id: str | None = None
    """Image whose cached file backs this disk; None makes an empty disk."""
    purpose: str = "root"
    """root, ephemeral, swap or rescue; a guest boots from a rescue disk before its root disk."""
    size_mib: int = 0
    """Used in place of size_gib when not 0 (swap is sized in MiB)."""
    bus: str = "virtio"
    device: str = "disk"
    """disk or cdrom."""
    whole: bool = False
    """A copy of its image, that does not lie over it."""
    target: str = ""
    """Its name without /dev/; empty leaves it to the driver: the next free one."""


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """A volume of a guest. `kind` and `path` are known once the host has connected it."""

    volume_id: str
    device: str
    """Its name without /dev/, such as vdb."""
    attachment_id: str = ""
    """The volume service's name of the attachment."""
    bus: str = "virtio"
    device_type: str = "disk"
    boot_index: int | None = None
    shared: bool = False
    """Several guests may write to it at once."""
    connection: dict[str, Any] = {}
    """What the volume service says of the way: driver_volume_type and data."""
    kind: str = ""
    """file, block or network."""
    path: str = ""
    """Of a file or block device on this host; of an image in a network store."""
    file_format: str = "raw"
    read_only: bool = False


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A shared file system of a guest; `path` is known once the host has mounted it."""

    share_id: str
    tag: str
    export: str
    protocol: str = "NFS"
    path: str = ""
    """The mounted folder on this host."""


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """Files of a volume's chain that become one; names in the folder of the volume's file.

    With `into`, what was written to `top` and below it goes down into that file. Without, the
    file in use takes all that lies between it and `top`, or all there is.
    """

    top: str | None = None
    into: str | None = None


class Vif(msgspec.Struct, frozen=True, kw_only=True):
    """A network interface whose port is bound to this host."""

    port_id: str
    mac: str
    kind: str = "bridge"
    """binding:vif_type of Neutron; `none` for a port that is not plugged."""
    bridge: str = ""
    """Bridge that the tap device joins (binding:vif_details.bridge_name)."""
    model: str = "virtio"
    mtu: int = 1500
    limits: dict[str, int] = {}
    """inbound_average, outbound_peak, ... in kB/s and kB."""

    @property
    def device(self) -> str:
        """Name of the tap device, as Neutron's agents expect it: tap + 11 characters of the id."""
        return "tap" + self.port_id[:11]


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """All that a driver needs to start a server."""

    server_id: str
    name: str
    """Name at the hypervisor ([DEFAULT] instance_name_template)."""
    display_name: str
    project_id: str
    user_id: str
    flavor_name: str
    vcpus: int
    memory_mib: int
    disks: tuple[Disk, ...] = ()
    vifs: tuple[Vif, ...] = ()
    config_drive: dict[str, str] | None = None
    """Path > text of each file on the config drive; None means no config drive."""
    config_drive_binary: tuple[str, ...] = ()
    """Paths of config_drive whose text is base64."""
    config_drive_same: dict[str, str] = {}
    """Further paths > the path of config_drive with the same content."""
    extra_specs: dict[str, str] = {}
    image_properties: dict[str, str] = {}
    volumes: tuple[Volume, ...] = ()
    shares: tuple[Share, ...] = ()

    @property
    def is_rescued(self) -> bool:
        """Whether it boots from a rescue disk."""
        return any(disk.purpose == "rescue" for disk in self.disks)


class GuestSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A guest as the hypervisor has it now."""

    server_id: str
    name: str
    power_state: PowerState
