# SPDX-License-Identifier: Apache-2.0
"""Files of a server that has moved: near ones are copied, far ones come through libvirt's streams.

Both are used in a `with` statement, which lets go of what they opened.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import libvirt

from nova_appliance.common import errors, ids
from nova_appliance.common.run import run
from nova_appliance.virt.driver import HypervisorFailed
from nova_appliance.virt.libvirt.connection import is_broken, start_events
from nova_appliance.virt.libvirt.xml.element import element, write

_COPY_TIMEOUT_S = 3600.0


class NearFiles:
    """Files that this host sees: its own, or those on shared storage."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        """Nothing is to be opened."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing is to be closed."""

    def copy(self, name: str, target: Path) -> bool:
        """Copy a file, sparse where it is sparse; False when there is none."""
        if not (self._folder / name).is_file():
            return False
        argv = ["cp", "--reflink=auto", "--sparse=always", str(self._folder / name), str(target)]
        run(argv, timeout_s=_COPY_TIMEOUT_S)
        return True

    def sees(self, path: Path) -> bool:
        """Whether the file is here under the path that the source knows it by."""
        return path.is_file()

    def copy_image(self, name: str, target: Path) -> None:
        """Never asked for: a near disk's image is near too, or lost."""
        raise errors.Refused(f"The image {name}, over which {target.stem} lies, is gone.")


class FarFiles:
    """Files of another host, read through its libvirtd."""

    def __init__(self, address: str, folder: Path, images: Path) -> None:
        self._address, self._folder, self._images = address, folder, images
        self._connection: libvirt.virConnect | None = None
        self._pools: dict[Path, libvirt.virStoragePool] = {}

    def __enter__(self) -> Self:
        """Reach the other libvirtd. Raises Unavailable."""
        start_events()
        try:
            self._connection = libvirt.open(self._address)
        except libvirt.libvirtError as error:
            raise errors.Unavailable(
                f"libvirt at {self._address} cannot be reached: {error}"
            ) from error
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Leave no pool behind."""
        for pool in self._pools.values():
            with contextlib.suppress(libvirt.libvirtError):
                pool.destroy()
        with contextlib.suppress(libvirt.libvirtError):
            if self._connection is not None:
                self._connection.close()

    def copy(self, name: str, target: Path) -> bool:
        """Copy a file, sparse where it is sparse; False when there is none."""
        return self._read(self._folder, name, target)

    def sees(self, _path: Path) -> bool:
        """Far files lie over far images."""
        return False

    def copy_image(self, name: str, target: Path) -> None:
        """Copy an image of the other host's cache."""
        if not self._read(self._images, name, target):
            raise errors.Refused(f"The image {name}, over which {target.stem} lies, is gone.")

    def _read(self, folder: Path, name: str, target: Path) -> bool:
        try:
            return self._try(folder, name, target)
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_STORAGE_VOL:
                return False
            if is_broken(error):
                raise errors.Unavailable(f"{self._address} is gone: {error}") from error
            raise HypervisorFailed(f"libvirt at {self._address} refused: {error}") from error

    def _try(self, folder: Path, name: str, target: Path) -> bool:
        if self._connection is None:
            raise errors.Unavailable(f"{self._address} is not open.")
        volume = self._pool(folder).storageVolLookupByName(name)
        stream = self._connection.newStream(0)
        with target.open("wb") as file:
            volume.download(stream, 0, 0, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
            stream.sparseRecvAll(_take, _skip, file)
            stream.finish()
            file.truncate()
        return True

    def _pool(self, folder: Path) -> libvirt.virStoragePool:
        """A pool that shows the folder, for as long as we read."""
        if folder not in self._pools and self._connection is not None:
            pool = element(
                "pool",
                element("name", text=f"nova-appliance-{ids.new_id()}"),
                element("target", element("path", text=str(folder))),
                type="dir",
            )
            self._pools[folder] = self._connection.storagePoolCreateXML(write(pool), 0)
        return self._pools[folder]


def _take(_stream: libvirt.virStream, data: bytes, file: BinaryIO) -> int:
    return file.write(data)


def _skip(_stream: libvirt.virStream, length: int, file: BinaryIO) -> None:
    file.seek(length, os.SEEK_CUR)
