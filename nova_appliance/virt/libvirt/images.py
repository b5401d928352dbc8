# SPDX-License-Identifier: Apache-2.0
"""The cache of images on a host: a file has its name only when it is whole and checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from nova_appliance.common import ids
from nova_appliance.virt import image_check
from nova_appliance.virt.driver import ImageExpected, ImageInUse, ImageSeen
from nova_appliance.virt.libvirt.folders import Folders
from nova_appliance.virt.locks import NamedLocks

PART = ".download"


@dataclasses.dataclass(frozen=True)
class ImageCache:
    """See virt.driver.Images."""

    folders: Folders
    used: Callable[[Folders], frozenset[str]]
    """Which images have disks over them."""
    locks: NamedLocks = dataclasses.field(default_factory=NamedLocks)

    def has(self, image_id: str) -> bool:
        """See virt.driver.Images."""
        return self.folders.image(image_id).is_file()

    def find(self, image_id: str) -> ImageSeen | None:
        """The image as it is, or None."""
        file = self.folders.image(image_id)
        return _look(file) if file.is_file() else None

    def store(self, image_id: str, chunks: Iterable[bytes], expected: ImageExpected) -> ImageSeen:
        """See virt.driver.Images."""
        target = self.folders.image(image_id)
        with self.locks.hold(image_id), ExitStack() as undo:
            if target.is_file():
                return _look(target)
            self.folders.make()
            part = target.with_name(target.name + PART)
            undo.callback(part.unlink, missing_ok=True)
            with part.open("w+b") as out:
                seen = image_check.receive(image_id, chunks, expected, out)
            part.chmod(0o644)
            part.replace(target)
            return seen

    def list_(self) -> tuple[ImageSeen, ...]:
        """See virt.driver.Images."""
        if not self.folders.images.is_dir():
            return ()
        files = sorted(f for f in self.folders.images.iterdir() if ids.is_id(f.name))
        return tuple(_look(file) for file in files)

    def remove(self, image_id: str) -> None:
        """See virt.driver.Images."""
        with self.locks.hold(image_id):
            if image_id in self.used(self.folders):
                raise ImageInUse(image_id)
            self.folders.image(image_id).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what an earlier process left of downloads that it did not finish."""
        if self.folders.images.is_dir():
            for part in self.folders.images.glob(f"*{PART}"):
                part.unlink(missing_ok=True)


def _look(file: Path) -> ImageSeen:
    with file.open("rb") as opened:
        return image_check.inspect(file.name, opened)
