# SPDX-License-Identifier: Apache-2.0
"""Both dialects of block device mapping as domain.boot.BlockDevice."""

from __future__ import annotations

from typing import Any

from nova_appliance.api.schemas.types import is_true
from nova_appliance.common import errors
from nova_appliance.domain.boot import BlockDevice

_SOURCES = (("volume_id", "volume"), ("snapshot_id", "snapshot"), ("image_id", "image"))
"""Key that names a source without saying its type > its type."""


def block_devices(wanted: dict[str, Any]) -> tuple[BlockDevice, ...]:
    """The devices of a body. Raises Invalid for what contradicts itself."""
    old, new = wanted.get("block_device_mapping"), wanted.get("block_device_mapping_v2")
    if old and new:
        raise errors.Invalid(
            "Using different block_device_mapping syntaxes is not allowed in the same request."
        )
    if old:
        return tuple(_old(one) for one in old if "virtual_name" not in one)
    return tuple(_new(one) for one in new or ())


def _old(one: dict[str, Any]) -> BlockDevice:
    """Version 1 knows volumes and snapshots only; a device named vda is the root."""
    source, uuid = _source(one)
    if source is None and not one.get("no_device"):
        raise _wrong("volume_id or snapshot_id is needed.")
    root = (one.get("device_name") or "").rsplit("/", 1)[-1] in ("vda", "sda", "xvda", "hda")
    return BlockDevice(
        source_type=source or "blank",
        destination_type="volume",
        uuid=uuid,
        boot_index=0 if root else -1,
        volume_size=_number(one.get("volume_size")),
        device_name=one.get("device_name"),
        delete_on_termination=is_true(one.get("delete_on_termination", False)),
        no_device=bool(one.get("no_device")),
        old=True,
    )


def _new(one: dict[str, Any]) -> BlockDevice:
    named, uuid = _source(one)
    source = one.get("source_type") or named
    uuid = one.get("uuid") or uuid
    if source is None:
        raise _wrong("source_type is needed.")
    if source != "blank" and not uuid and not one.get("no_device"):
        raise _wrong(f"uuid is needed for source_type {source}.")
    destination = one.get("destination_type") or ("local" if source == "blank" else "volume")
    _check_kinds(one, source, destination)
    return BlockDevice(
        source_type=source,
        destination_type=destination,
        uuid=None if source == "blank" else uuid,
        boot_index=_number(one.get("boot_index")),
        volume_size=_number(one.get("volume_size")),
        guest_format=one.get("guest_format"),
        device_name=one.get("device_name"),
        device_type=one.get("device_type"),
        disk_bus=one.get("disk_bus"),
        delete_on_termination=is_true(one.get("delete_on_termination", False)),
        no_device=bool(one.get("no_device")),
        tag=one.get("tag"),
        volume_type=one.get("volume_type"),
    )


def _check_kinds(one: dict[str, Any], source: str, destination: str) -> None:
    if source in ("volume", "snapshot") and destination == "local":
        raise _wrong(f"Mapping {source} to local is not supported.")
    if one.get("volume_type") and (destination == "local" or source == "volume"):
        raise _wrong(f"volume_type cannot be used with {source} to {destination}.")


def _source(one: dict[str, Any]) -> tuple[str | None, str | None]:
    for key, source in _SOURCES:
        if one.get(key):
            return source, one[key]
    return None, None


def _number(value: int | str | None) -> int | None:
    return None if value is None else int(value)


def _wrong(why: str) -> errors.Invalid:
    return errors.Invalid(f"Block Device Mapping is Invalid: {why}")
