# SPDX-License-Identifier: Apache-2.0
"""Config drives as files: an ISO image or a FAT disk that cloud-init looks for by its label."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from nova_appliance.common.errors import Refused
from nova_appliance.common.run import run
from nova_appliance.domain.config_drive import LABEL

VFAT_MIB = 64
"""Nova's size, which guests know."""
_ISO_PROGRAMS = ("genisoimage", "mkisofs")
_ISO_OPTIONS = ("-quiet", "-J", "-r", "-l", "-ldots", "-allow-lowercase", "-allow-multidot")


def make(target: Path, files: Mapping[str, bytes], file_system: str = "iso9660") -> None:
    """Make the drive; raises Refused for a name that would lead out of it."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            file = Path(folder) / _inside(name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        FILE_SYSTEMS[file_system](target, Path(folder))


def _make_iso(target: Path, folder: Path) -> None:
    program = next((p for p in _ISO_PROGRAMS if shutil.which(p)), _ISO_PROGRAMS[0])
    run([program, *_ISO_OPTIONS, "-V", LABEL, "-o", str(target), str(folder)])


def _make_vfat(target: Path, folder: Path) -> None:
    target.unlink(missing_ok=True)
    run(["mkfs.vfat", "-n", LABEL, "-C", str(target), str(VFAT_MIB * 1024)])
    parts = sorted(str(path) for path in folder.iterdir())
    if parts:
        run(["mcopy", "-s", "-i", str(target), *parts, "::/"])


FILE_SYSTEMS: Mapping[str, Callable[[Path, Path], None]] = {
    "iso9660": _make_iso,
    "vfat": _make_vfat,
}


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or ".." in path.parts or "\0" in name:
        raise Refused(f"{name!r} cannot be the name of a file on the config drive.")
    return path
