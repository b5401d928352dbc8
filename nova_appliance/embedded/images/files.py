# SPDX-License-Identifier: Apache-2.0
"""The bytes of images: written beside, renamed when whole, so that a crash leaves no half image."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from nova_appliance.common.errors import Invalid
from nova_appliance.embedded.web import TooLarge

CHUNK_BYTES = 1024 * 1024
PART = ".part"
STAGED = ".staged"


class Readable(Protocol):
    """What a request body offers."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


@dataclasses.dataclass(frozen=True)
class Written:
    """What is known of bytes after they have been written to `path`."""

    path: Path
    size: int
    md5: str
    sha512: str


def write(path: Path, source: Readable, *, limit: int, declared_size: str | None) -> Written:
    """Stream a body to a file beside `path`; nothing is left behind when that fails."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(path.name + PART)
    try:
        written = _copy(source, beside, limit)
        _check_size(written.size, declared_size)
    except OSError as error:
        beside.unlink(missing_ok=True)
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise TooLarge("There is no space left for this image.") from error
        raise
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return written


def chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, never many of them in memory."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def publish(written: Path, path: Path) -> None:
    """Give whole bytes their lasting name."""
    written.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def sweep(directory: Path, keep: set[str]) -> None:
    """Remove every file that no image speaks for."""
    if directory.is_dir():
        for path in directory.iterdir():
            if path.name not in keep:
                path.unlink(missing_ok=True)


def measure(path: Path) -> Written:
    """What `write` would tell of a file that was written before."""
    md5, sha512 = _hashes()
    size = 0
    for chunk in chunks(path):
        size += len(chunk)
        md5.update(chunk)
        sha512.update(chunk)
    return Written(path, size, md5.hexdigest(), sha512.hexdigest())


def _copy(source: Readable, path: Path, limit: int) -> Written:
    md5, sha512 = _hashes()
    size = 0
    with path.open("wb") as file:
        while chunk := source.read(CHUNK_BYTES):
            size += len(chunk)
            if size > limit:
                raise TooLarge(f"An image may have at most {limit} bytes.")
            md5.update(chunk)
            sha512.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return Written(path, size, md5.hexdigest(), sha512.hexdigest())


def _check_size(size: int, declared: str | None) -> None:
    if declared is not None and declared != str(size):
        raise Invalid(f"{declared} bytes were declared, but {size} came.")


def _hashes() -> tuple[hashlib._Hash, hashlib._Hash]:
    return hashlib.md5(usedforsecurity=False), hashlib.sha512()
