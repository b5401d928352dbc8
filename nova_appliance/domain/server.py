# SPDX-License-Identifier: Apache-2.0
"""A server as the databases hold it: the one shape that actions, sagas and views read."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.flavor import Flavor


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why a server is in error, shown by the API; `details` only to admins."""

    code: int
    message: str
    created_at: dt.datetime
    details: str = ""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One address of a server; `kind` is fixed or floating."""

    network: str
    """Name of the network: the key in the API's `addresses`."""
    address: str
    version: int
    mac: str
    kind: str = "fixed"
    port_id: str = ""
    network_id: str = ""


class ServerImage(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of the image a server was made from."""

    id: str
    name: str = ""
    min_disk_gib: int = 0
    min_ram_mib: int = 0
    size_bytes: int = 0
    disk_format: str = ""
    checksum: str = ""
    """`os_hash_algo:os_hash_value` of the image service, or `md5:checksum`."""
    properties: dict[str, str] = {}


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """One server. Times are naive UTC; `cell_id` says in which cell's database the row stands."""

    row: int
    """Number of the row in its cell; makes the hypervisor's name (instance_name_template)."""
    id: str
    cell_id: str
    project_id: str
    user_id: str
    name: str
    hostname: str
    state: str
    """vm_state of server-status.tsv: building, active, stopped, error, deleted, ..."""
    created_at: dt.datetime
    flavor: Flavor
    task: str | None = None
    """task_state: None when nothing is under way."""
    power: int = 0
    progress: int = 0
    description: str | None = None
    host: str | None = None
    node: str | None = None
    launched_on: str | None = None
    zone: str | None = None
    """Availability zone of the host (or the asked one while there is no host)."""
    pinned_zone: str | None = None
    image: ServerImage | None = None
    """None for a server booted from a volume."""
    key_name: str | None = None
    key_data: str | None = None
    user_data: str | None = None
    """base64, as the client sent it."""
    config_drive: bool = False
    metadata: dict[str, str] = {}
    system_metadata: dict[str, str] = {}
    tags: tuple[str, ...] = ()
    addresses: tuple[Address, ...] = ()
    security_groups: tuple[str, ...] = ()
    """Names, as `security_groups` of the API shows them."""
    attachments: tuple[Attachment, ...] = ()
    """Volumes, and local disks beside the root disk that were asked for."""
    hints: dict[str, Any] = {}
    group_id: str | None = None
    trusted_certs: tuple[str, ...] | None = None
    root_device: str = "/dev/vda"
    reservation_id: str = ""
    launch_index: int = 0
    access_ip_v4: str | None = None
    access_ip_v6: str | None = None
    disk_config: str = "MANUAL"
    """OS-DCF:diskConfig: AUTO or MANUAL."""
    locked_by: str | None = None
    """owner, admin or None."""
    locked_reason: str | None = None
    fault: Fault | None = None
    updated_at: dt.datetime | None = None
    launched_at: dt.datetime | None = None
    terminated_at: dt.datetime | None = None
    deleted: bool = False
    deleted_at: dt.datetime | None = None
