# SPDX-License-Identifier: Apache-2.0
"""Builds the guest image from Debian packages, and keeps one per recipe.

The first `nova-appliance up` calls this; nothing here needs root or touches the machine.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tempfile
from importlib import resources
from pathlib import Path

from nova_appliance.common.errors import Unavailable
from nova_appliance.embedded.guest import disk, initrd, kernel, packages, recipe

HERE = resources.files("nova_appliance.embedded.guest")


def cached(directory: Path) -> Path:
    """The image of the present recipe in `directory`, built when it is not there yet."""
    target = directory / f"tiny-{content_key()[:16]}.qcow2"
    if target.exists():
        return target
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=directory) as work:
        return build(target, Path(work))


def content_key() -> str:
    """A digest of everything in this package that decides what the image holds."""
    digest = hashlib.sha256()
    with resources.as_file(HERE) as home:
        inputs = sorted([*home.glob("*.py"), *home.glob("files/*")])
        for path in inputs:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def build(target: Path, work: Path) -> Path:
    """Make the qcow2 image `target`; `work` is an empty directory for what comes in between."""
    names = (packages.real_name(recipe.KERNEL_META_PACKAGE), *recipe.PACKAGES)
    root = packages.unpack(names, work)
    found = kernel.find(root)
    archive = initrd.pack(
        [
            *(initrd.directory(path, mode) for path, mode in recipe.DIRECTORIES.items()),
            *(initrd.link(path, to) for path, to in recipe.LINKS.items()),
            *_programs(root),
            *_libraries(root),
            *_our_files(),
            *kernel.modules(found, recipe.MODULES),
        ]
    )
    packed = gzip.compress(archive, compresslevel=6, mtime=0)
    disk.write(disk.Bootable(found.image, packed), target, work)
    shutil.rmtree(root)
    return target


def _programs(root: Path) -> list[initrd.Entry]:
    return [
        initrd.file(name, _first(root, places).read_bytes(), 0o755)
        for name, places in recipe.PROGRAMS.items()
    ]


def _libraries(root: Path) -> list[initrd.Entry]:
    return [
        initrd.file(
            f"lib/x86_64-linux-gnu/{name}",
            _first(root, [f"{directory}/{name}" for directory in recipe.LIBRARY_DIRS]).read_bytes(),
            0o755,
        )
        for name in recipe.LIBRARIES
    ]


def _our_files() -> list[initrd.Entry]:
    return [
        initrd.file(path, HERE.joinpath("files", name).read_bytes(), mode)
        for path, (name, mode) in recipe.FILES.items()
    ]


def _first(root: Path, places: list[str] | tuple[str, ...]) -> Path:
    for place in places:
        if (root / place).exists():
            return root / place
    raise Unavailable(f"none of {', '.join(places)} is in the Debian packages of the guest")
