# SPDX-License-Identifier: Apache-2.0
"""Whether the bytes of an image are what the image service says, and safe to open.

Reads headers itself: no image tool sees a file before it passed here.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable, Iterable
from typing import BinaryIO, NamedTuple

from nova_appliance.virt.driver import ImageExpected, ImageRefused, ImageSeen

Refuse = Callable[[str], ImageRefused]

USABLE = {"qcow2": "qcow2", "raw": "raw", "iso": "raw"}
"""disk_format of the image service > format under which the file is opened."""

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

ISO_SIGNATURE = (32769, b"CD001")

_HEADER = struct.Struct(">4sIQIIQIIQQIIQ")
_HEADER_V3 = struct.Struct(">QQQII")
_DATA_FILE_BIT, _KNOWN_BITS = 1 << 2, 0b11111
_DATA_FILE_EXTENSION = 0x44415441
_MAX_HEADER = 1 << 21


def receive(
    image_id: str, chunks: Iterable[bytes], expected: ImageExpected, out: BinaryIO
) -> ImageSeen:
    """Write `chunks` to `out` while counting and hashing, then check what was written."""

    def refuse(reason: str) -> ImageRefused:
        return ImageRefused(image_id, reason)

    if expected.disk_format not in USABLE:
        raise refuse(
            f"its disk format is {expected.disk_format!r}; this host takes"
            f" {', '.join(sorted(USABLE))}, so convert it"
        )
    _copy(chunks, expected, out, refuse)
    seen = inspect(image_id, out)
    if seen.disk_format != USABLE[expected.disk_format]:
        raise refuse(f"it is declared as {expected.disk_format} but is {seen.disk_format}")
    if expected.disk_format == "iso" and not _has(out, *ISO_SIGNATURE):
        raise refuse("it is declared as iso but has no ISO 9660 volume")
    if expected.max_virtual_bytes is not None and seen.virtual_bytes > expected.max_virtual_bytes:
        raise refuse(
            f"it unfolds to {seen.virtual_bytes} bytes, more than the {expected.max_virtual_bytes}"
            " that are allowed"
        )
    return seen


def _copy(chunks: Iterable[bytes], expected: ImageExpected, out: BinaryIO, refuse: Refuse) -> None:
    size = 0
    digest = _digest(expected.hash_algorithm, refuse)
    for chunk in chunks:
        size += len(chunk)
        if expected.max_bytes is not None and size > expected.max_bytes:
            raise refuse(f"it has more than the {expected.max_bytes} bytes that are allowed")
        digest.update(chunk)
        out.write(chunk)
    out.flush()
    if size == 0:
        raise refuse("it is empty")
    if expected.size_bytes is not None and size != expected.size_bytes:
        raise refuse(f"{size} bytes arrived in place of {expected.size_bytes}")
    if expected.hash_algorithm and digest.hexdigest() != expected.hash_value.lower():
        raise refuse(f"its {expected.hash_algorithm} hash is not the one of the image service")


def _digest(algorithm: str, refuse: Refuse) -> hashlib._Hash:
    try:
        return hashlib.new(algorithm or "sha256")
    except ValueError:
        raise refuse(f"its hash algorithm {algorithm!r} is not known here") from None


def inspect(image_id: str, file: BinaryIO) -> ImageSeen:
    """Say what a complete file really is; raises ImageRefused for what must not be opened."""

    def refuse(reason: str) -> ImageRefused:
        return ImageRefused(image_id, reason)

    size = file.seek(0, os.SEEK_END)
    kind = recognise(file)
    if kind == "raw":
        return ImageSeen(image_id=image_id, disk_format="raw", size_bytes=size, virtual_bytes=size)
    if kind != "qcow2":
        raise refuse(f"its content is {kind}, which this host does not take")
    virtual = _check_qcow2(file, refuse)
    return ImageSeen(image_id=image_id, disk_format="qcow2", size_bytes=size, virtual_bytes=virtual)


def recognise(file: BinaryIO) -> str:
    """Name of the format by its signature; what has none is raw."""
    return next((name for name, at, magic in SIGNATURES if _has(file, at, magic)), "raw")


def _has(file: BinaryIO, at: int, magic: bytes) -> bool:
    size = file.seek(0, os.SEEK_END)
    position = at if at >= 0 else size + at
    if position < 0 or position + len(magic) > size:
        return False
    file.seek(position)
    return file.read(len(magic)) == magic


class _Header(NamedTuple):
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


def _check_qcow2(file: BinaryIO, refuse: Refuse) -> int:
    file.seek(0)
    start = file.read(_HEADER.size + _HEADER_V3.size)
    if len(start) < _HEADER.size:
        raise refuse("its qcow2 header is cut off")
    header = _Header(*_HEADER.unpack_from(start))
    features, length = 0, _HEADER.size
    if header.version == 3:
        if len(start) < _HEADER.size + _HEADER_V3.size:
            raise refuse("its qcow2 header is cut off")
        features, _, _, _, length = _HEADER_V3.unpack_from(start, _HEADER.size)
    for reason, found in (
        (f"its qcow2 version is {header.version}", header.version not in (2, 3)),
        ("it has a backing file", header.backing_at or header.backing_size),
        ("it keeps its data in another file", features & _DATA_FILE_BIT),
        ("it uses unknown qcow2 features", features & ~_KNOWN_BITS),
        ("it is encrypted", header.crypt),
        ("its cluster size is impossible", not 9 <= header.cluster_bits <= 21),
        ("its qcow2 header has an impossible length", not _HEADER.size <= length <= _MAX_HEADER),
        ("its virtual size is impossible", not 0 < header.size < 1 << 62),
        ("it is cut off", _misses_tables(file, header)),
        ("it keeps its data in another file", _names_data_file(file, length)),
    ):
        if found:
            raise refuse(reason)
    return header.size


def _misses_tables(file: BinaryIO, header: _Header) -> bool:
    size = file.seek(0, os.SEEK_END)
    return header.l1_at + 8 * header.l1_size > size or header.refcount_at >= size


def _names_data_file(file: BinaryIO, position: int) -> bool:
    """Walk the header extensions: type, length, data padded to 8 bytes; type 0 ends them."""
    while position < _MAX_HEADER:
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            return False
        kind, length = struct.unpack(">II", head)
        if kind == _DATA_FILE_EXTENSION:
            return True
        if kind == 0:
            return False
        position += 8 + (length + 7) // 8 * 8
    return False
