# SPDX-License-Identifier: Apache-2.0
"""What somebody asks for when a server is to be made; EC2 and Compute API fill the same shape."""

from __future__ import annotations

from typing import Any

import msgspec


class NetworkRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One interface asked for: a network (with an address), or a ready port."""

    network_id: str | None = None
    port_id: str | None = None
    fixed_ip: str | None = None
    tag: str | None = None


class BlockDevice(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a block device mapping v2 (field names of the API)."""

    source_type: str
    """image, volume, snapshot or blank."""
    destination_type: str
    """local or volume."""
    uuid: str | None = None
    boot_index: int | None = None
    volume_size: int | None = None
    """GiB."""
    guest_format: str | None = None
    device_name: str | None = None
    device_type: str | None = None
    disk_bus: str | None = None
    delete_on_termination: bool = False
    no_device: bool = False
    tag: str | None = None
    volume_type: str | None = None
    old: bool = False
    """Whether it came in version 1 of the mapping."""


class BootRequest(msgspec.Struct, frozen=True, kw_only=True):
    """All that POST /servers may ask, after the schema check and free of microversions."""

    name: str
    flavor_id: str
    image_id: str | None = None
    networks: tuple[NetworkRequest, ...] | str = "any"
    """A tuple, or a word: `any` is what the project has, if it has one; `auto` has it made if not; `none`."""
    security_groups: tuple[str, ...] = ("default",)
    """Names or ids."""
    key_name: str | None = None
    user_data: str | None = None
    config_drive: bool | None = None
    metadata: dict[str, str] = {}
    description: str | None = None
    hostname: str | None = None
    tags: tuple[str, ...] = ()
    min_count: int = 1
    max_count: int = 1
    availability_zone: str | None = None
    """`zone`, or `zone:host` / `zone:host:node` / `zone::node` for whom policy allows it."""
    host: str | None = None
    node: str | None = None
    block_devices: tuple[BlockDevice, ...] = ()
    hints: dict[str, Any] = {}
    disk_config: str | None = None
    access_ip_v4: str | None = None
    access_ip_v6: str | None = None
    admin_password: str | None = None
    trusted_certs: tuple[str, ...] | None = None
    personality: tuple[dict[str, str], ...] = ()
    may_use_external: bool = False
    """Whether the caller may put servers on external networks that are not shared."""
    reservation_id: str | None = None
    may_share_volumes: bool = True
    """Whether volumes that several servers may have can be used (2.60)."""
