# SPDX-License-Identifier: Apache-2.0
"""What a disk image file really is, read from its header: never trust what an upload calls itself.

An image that would make a host open further files (backing file, data file, extents) is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from nova_appliance.common import errors, image_headers
from nova_appliance.embedded.web import WrongMedia

HEADER_BYTES = 64 * 1024
VMDK_SELF_CONTAINED = ("monolithicSparse", "streamOptimized")
# Declared formats whose content says nothing about itself: a kernel, a plain disk, an archive.
SHAPELESS = ("raw", "ami", "ari", "aki", "ploop")
# What may be called raw though it has a magic of its own: a disc read byte by byte.
ALSO_RAW = ("iso", "luks")


def inspect(path: Path, declared: str) -> int | None:
    """The virtual size in bytes of a stored file (None: unknown); raises WrongMedia if it lies."""
    size = path.stat().st_size
    if size == 0:
        return 0
    with path.open("rb") as file:
        found = _name(file)
        _refuse_lies(found, declared)
        return size if declared in SHAPELESS else READERS.get(declared, _unknown)(file)


def _refuse_lies(found: str | None, declared: str) -> None:
    if declared in SHAPELESS:
        if found is not None and found not in ALSO_RAW:
            raise WrongMedia(f"The image is declared to be {declared}, but its content is {found}.")
        return
    if found != declared:
        is_ = f"its content is {found}" if found else "its content is not"
        raise WrongMedia(f"The image is declared to be {declared}, but {is_}.")


def _name(file: BinaryIO) -> str | None:
    name = image_headers.recognise(file)
    if name == "raw":
        return "iso" if image_headers.has(file, *image_headers.ISO) else None
    return name


def _unknown(_file: BinaryIO) -> None:
    """Formats whose virtual size nobody here asks for."""


def _qcow2(file: BinaryIO) -> int:
    try:
        return image_headers.read_qcow2(file).size
    except errors.Invalid as error:
        raise WrongMedia(f"The qcow2 image cannot be taken: {error.message}.") from error


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(HEADER_BYTES)


def _vmdk(file: BinaryIO) -> int | None:
    head = _head(file)
    if not head.startswith(b"KDMV"):
        raise WrongMedia("The vmdk image is only a description of other files.")
    sectors, _grain, at, length = struct.unpack_from("<QQQQ", head, 12)
    text = head[at * 512 : (at + length) * 512].decode("latin-1")
    kinds = [line.split("=", 1)[1] for line in text.splitlines() if line.startswith("createType")]
    if [kind.strip(' "\0') for kind in kinds] not in [[kind] for kind in VMDK_SELF_CONTAINED]:
        raise WrongMedia(f"The vmdk image must be one of {', '.join(VMDK_SELF_CONTAINED)}.")
    return int(sectors) * 512


def _vdi(file: BinaryIO) -> int:
    head = _head(file)
    if len(head) < 376:
        raise WrongMedia("The vdi image ends within its header.")
    return int(struct.unpack_from("<Q", head, 368)[0])


def _qed(_file: BinaryIO) -> int:
    raise WrongMedia("Images of the format qed are not taken.")


READERS: dict[str, Callable[[BinaryIO], int | None]] = {
    "qcow2": _qcow2,
    "vmdk": _vmdk,
    "vdi": _vdi,
    "qed": _qed,
}
