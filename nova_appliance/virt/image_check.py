# SPDX-License-Identifier: Apache-2.0
"""Whether the bytes of an image are what the image service says, and safe to open.

No image tool sees a file before it passed here.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable, Iterable
from typing import BinaryIO

from nova_appliance.common import errors, image_headers
from nova_appliance.virt.driver import ImageExpected, ImageRefused, ImageSeen

Refuse = Callable[[str], ImageRefused]

USABLE = {"qcow2": "qcow2", "raw": "raw", "iso": "raw"}
"""disk_format of the image service > format under which the file is opened."""

_DATA_FILE_EXTENSION = 0x44415441
_SHORTEST_HEADER, _LONGEST_HEADER = 72, 1 << 21


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
    if expected.disk_format == "iso" and not image_headers.has(out, *image_headers.ISO):
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
    kind = image_headers.recognise(file)
    if kind == "raw":
        return ImageSeen(image_id=image_id, disk_format="raw", size_bytes=size, virtual_bytes=size)
    if kind != "qcow2":
        raise refuse(f"its content is {kind}, which this host does not take")
    virtual = _check_qcow2(file, refuse)
    return ImageSeen(image_id=image_id, disk_format="qcow2", size_bytes=size, virtual_bytes=virtual)


def _check_qcow2(file: BinaryIO, refuse: Refuse) -> int:
    try:
        header = image_headers.read_qcow2(file)
    except errors.Invalid as error:
        raise refuse(error.message) from error
    for reason, found in (
        ("it is encrypted", header.crypt),
        ("its cluster size is impossible", not 9 <= header.cluster_bits <= 21),
        (
            "its qcow2 header has an impossible length",
            not _SHORTEST_HEADER <= header.length <= _LONGEST_HEADER,
        ),
        ("its virtual size is impossible", not 0 < header.size < 1 << 62),
        ("it is cut off", _misses_tables(file, header)),
        ("it keeps its data in another file", _names_data_file(file, header.length)),
    ):
        if found:
            raise refuse(reason)
    return header.size


def _misses_tables(file: BinaryIO, header: image_headers.Qcow2) -> bool:
    size = file.seek(0, os.SEEK_END)
    return header.l1_at + 8 * header.l1_size > size or header.refcount_at >= size


def _names_data_file(file: BinaryIO, position: int) -> bool:
    """Walk the header extensions: type, length, data padded to 8 bytes; type 0 ends them."""
    while position < _LONGEST_HEADER:
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
