# SPDX-License-Identifier: Apache-2.0
"""What the two hosts of a move tell each other, by way of the conductor."""

from __future__ import annotations

import msgspec


class DiskHeld(msgspec.Struct, frozen=True, kw_only=True):
    """A disk as the source has it; `name` is its file name in the server's folder."""

    name: str
    virtual_bytes: int


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """A cold move: the disks were set aside at the source, the target fetches them."""

    source: str
    """Host name."""
    target: str
    address: str = ""
    """Where the target's driver reaches the source's; its own kind of text."""
    folder: str = ""
    """Where the disks lie there."""
    images: str = ""
    """Where the images lie there that the disks lie over."""
    token: str = ""
    """Name of a file beside the disks: whoever sees it sees the same storage."""
    disks: tuple[DiskHeld, ...] = ()

    @property
    def stays(self) -> bool:
        """Whether source and target are one host: only the flavor changes."""
        return self.source == self.target
