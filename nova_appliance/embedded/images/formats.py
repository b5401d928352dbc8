# SPDX-License-Identifier: Apache-2.0
"""What a disk image file really is, read from its header: never trust what an upload calls itself.

An image that would make a host open further files (backing file, data file, extents) is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

from nova_appliance.embedded.web import WrongMedia

HEADER_BYTES = 64 * 1024
QCOW2_DATA_FILE = 1 << 2
QCOW2_CORRUPT = 1 << 1
QCOW2_KNOWN = 0b11111
VMDK_SELF_CONTAINED = ("monolithicSparse", "streamOptimized")
# (format, offset, magic): the first row that fits names the format.
MAGIC = (
    ("qcow2", 0, b"QFI\xfb"),
    ("qed", 0, b"QED\0"),
    ("vmdk", 0, b"KDMV"),
    ("vmdk", 0, b"# Disk DescriptorFile"),
    ("vdi", 0x40, b"\x7f\x10\xda\xbe"),
    ("vhdx", 0, b"vhdxfile"),
    ("vhd", 0, b"conectix"),
    ("luks", 0, b"LUKS\xba\xbe"),
    ("iso", 0x8001, b"CD001"),
)
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
        head = file.read(HEADER_BYTES)
        if declared == "vhd" and not head.startswith(b"conectix"):
            file.seek(max(0, size - 512))  # a fixed disk has its mark at the end only
            head = file.read(512)
    found = _name(head)
    if declared in SHAPELESS:
        if found is not None and found not in ALSO_RAW:
            raise WrongMedia(f"The image is declared to be {declared}, but its content is {found}.")
        return size
    if found != declared:
        is_ = f"its content is {found}" if found else "its content is not"
        raise WrongMedia(f"The image is declared to be {declared}, but {is_}.")
    reader = READERS.get(declared)
    return reader(head) if reader else None


def _name(head: bytes) -> str | None:
    for name, offset, magic in MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return name
    return None


def _qcow2(head: bytes) -> int:
    if len(head) < 104:
        raise WrongMedia("The qcow2 image ends within its header.")
    version, backing = struct.unpack_from(">IQ", head, 4)
    (virtual,) = struct.unpack_from(">Q", head, 24)
    if version not in {2, 3}:
        raise WrongMedia(f"The qcow2 image has version {version}; 2 and 3 are known.")
    if backing:
        raise WrongMedia("The qcow2 image has a backing file: flatten it before uploading.")
    features = struct.unpack_from(">Q", head, 72)[0] if version == 3 else 0
    if features & QCOW2_DATA_FILE:
        raise WrongMedia("The qcow2 image keeps its data in another file.")
    if features & QCOW2_CORRUPT or features & ~QCOW2_KNOWN:
        raise WrongMedia("The qcow2 image is marked corrupt, or uses features not known here.")
    return int(virtual)


def _vmdk(head: bytes) -> int | None:
    if not head.startswith(b"KDMV"):
        raise WrongMedia("The vmdk image is only a description of other files.")
    sectors, _grain, at, length = struct.unpack_from("<QQQQ", head, 12)
    text = head[at * 512 : (at + length) * 512].decode("latin-1")
    kinds = [line.split("=", 1)[1] for line in text.splitlines() if line.startswith("createType")]
    if [kind.strip(' "\0') for kind in kinds] not in [[kind] for kind in VMDK_SELF_CONTAINED]:
        raise WrongMedia(f"The vmdk image must be one of {', '.join(VMDK_SELF_CONTAINED)}.")
    return int(sectors) * 512


def _vdi(head: bytes) -> int:
    if len(head) < 376:
        raise WrongMedia("The vdi image ends within its header.")
    return int(struct.unpack_from("<Q", head, 368)[0])


def _qed(_head: bytes) -> int:
    raise WrongMedia("Images of the format qed are not taken.")


READERS: dict[str, Callable[[bytes], int | None]] = {
    "qcow2": _qcow2,
    "vmdk": _vmdk,
    "vdi": _vdi,
    "qed": _qed,
}
