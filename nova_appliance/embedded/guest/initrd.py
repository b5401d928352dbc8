# SPDX-License-Identifier: Apache-2.0
"""Packs files into the archive that the kernel unpacks as its first root (cpio, "newc").

Everything belongs to root and has no time stamp, so that equal files give equal bytes.
"""

from __future__ import annotations

import dataclasses
import stat
from collections.abc import Iterable
from pathlib import PurePosixPath


@dataclasses.dataclass(frozen=True)
class Entry:
    """One file, link or directory of the archive; `mode` has the kind of file in it."""

    path: str
    mode: int
    content: bytes = b""
    owner: int = 0


def file(path: str, content: bytes, mode: int = 0o644) -> Entry:
    """A plain file."""
    return Entry(path, stat.S_IFREG | mode, content)


def link(path: str, target: str) -> Entry:
    """A symbolic link."""
    return Entry(path, stat.S_IFLNK | 0o777, target.encode())


def directory(path: str, mode: int = 0o755, owner: int = 0) -> Entry:
    """A directory."""
    return Entry(path, stat.S_IFDIR | mode, owner=owner)


def pack(entries: Iterable[Entry]) -> bytes:
    """The archive, parents before children; missing parents are made."""
    rows = _with_parents({entry.path: entry for entry in entries})
    out = bytearray()
    for number, path in enumerate(sorted(rows), start=1):
        _append(out, rows[path], number)
    _append(out, Entry("TRAILER!!!", 0), 0)
    return bytes(out)


def _with_parents(rows: dict[str, Entry]) -> dict[str, Entry]:
    for path in list(rows):
        for parent in PurePosixPath(path).parents:
            if str(parent) != "." and str(parent) not in rows:
                rows[str(parent)] = directory(str(parent))
    return rows


def _append(out: bytearray, entry: Entry, number: int) -> None:
    name = entry.path.encode() + b"\0"
    links, time, device = 1, 0, 0
    fields = (
        number, entry.mode, entry.owner, entry.owner, links, time, len(entry.content),
        device, device, device, device, len(name), 0,
    )  # fmt: skip
    out += b"070701" + b"".join(b"%08X" % field for field in fields) + name
    out += b"\0" * (-len(out) % 4)
    out += entry.content
    out += b"\0" * (-len(out) % 4)
