# SPDX-License-Identifier: Apache-2.0
"""What a disk image file really is, by its header: for who takes uploads and for who runs guests.

Reads headers itself: no image tool sees a file before it passed here.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO, NamedTuple

from nova_appliance.common import errors

SIGNATURES = (
    # name, offset (negative: from the end), bytes
    ("qcow2", 0, b"QFI\xfb"),
    ("qed", 0, b"QED\x00"),
    ("vmdk", 0, b"KDMV"),
    ("vmdk", 0, b"COWD"),
    ("vmdk", 0, b"# Disk DescriptorFile"),
    ("vhdx", 0, b"vhdxfile"),
    ("vhd", 0, b"conectix"),
    ("vhd", -512, b"conectix"),
    ("vdi", 64, b"\x7f\x10\xda\xbe"),
    ("luks", 0, b"LUKS\xba\xbe"),
    ("parallels", 0, b"WithoutFreeSpace"),
    ("parallels", 0, b"WithouFreSpacExt"),
    ("bochs", 0, b"Bochs Virtual HD Image"),
    ("cloop", 0, b"#!/bin/sh\n#V2.0 Format\n"),
    ("dmg", -512, b"koly"),
)
"""What QEMU could take a file for when nobody tells it a format."""
ISO = (32769, b"CD001")
"""Where the volume descriptor of an ISO 9660 disc begins, and with what."""

DATA_FILE, CORRUPT, KNOWN = 1 << 2, 1 << 1, 0b11111
"""Bits of qcow2's incompatible features."""
_BASE = struct.Struct(">4sIQIIQIIQQIIQ")
_MORE = struct.Struct(">QQQII")


class Qcow2(NamedTuple):
    """The header of a qcow2 file; versions below 3 have no features and a header of 72 bytes."""

    magic: bytes
    version: int
    backing_at: int
    backing_size: int
    cluster_bits: int
    size: int
    crypt: int
    l1_size: int
    l1_at: int
    refcount_at: int
    refcount_clusters: int
    snapshots: int
    snapshots_at: int
    features: int = 0
    length: int = _BASE.size


def recognise(file: BinaryIO) -> str:
    """Name of the format by its signature; what has none is raw, also the image of a disc."""
    return next((name for name, at, magic in SIGNATURES if has(file, at, magic)), "raw")


def has(file: BinaryIO, at: int, magic: bytes) -> bool:
    """Whether these bytes stand there; a negative place counts from the end."""
    size = file.seek(0, os.SEEK_END)
    position = at if at >= 0 else size + at
    if position < 0 or position + len(magic) > size:
        return False
    file.seek(position)
    return file.read(len(magic)) == magic


def read_qcow2(file: BinaryIO) -> Qcow2:
    """The header. Raises Invalid with the reason why nobody may open the file."""
    file.seek(0)
    start = file.read(_BASE.size + _MORE.size)
    header = _parse(start)
    for reason, found in (
        (f"its qcow2 version is {header.version}", header.version not in (2, 3)),
        ("it has a backing file", header.backing_at or header.backing_size),
        ("it keeps its data in another file", header.features & DATA_FILE),
        ("it is marked corrupt", header.features & CORRUPT),
        ("it uses unknown qcow2 features", header.features & ~KNOWN),
    ):
        if found:
            raise errors.Invalid(reason)
    return header


def _parse(start: bytes) -> Qcow2:
    if len(start) < _BASE.size:
        raise errors.Invalid("its qcow2 header is cut off")
    header = Qcow2(*_BASE.unpack_from(start))
    if header.version != 3:
        return header
    if len(start) < _BASE.size + _MORE.size:
        raise errors.Invalid("its qcow2 header is cut off")
    features, _, _, _, length = _MORE.unpack_from(start, _BASE.size)
    return header._replace(features=features, length=length)
