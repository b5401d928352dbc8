# SPDX-License-Identifier: Apache-2.0
"""What the host's cache of images holds and who needs it, read from its folders alone.

Called by nova-manage, beside a nova-compute that runs or does not; it never changes anything.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection
from pathlib import Path

from nova_appliance.common import ids
from nova_appliance.common.errors import Unavailable
from nova_appliance.virt import image_check
from nova_appliance.virt.driver import ImageRefused
from nova_appliance.virt.libvirt.disks import image_users
from nova_appliance.virt.libvirt.folders import KEPT, Folders
from nova_appliance.virt.libvirt.images import PART

WHOLE, COMING, MISSING = "whole", "coming", "missing"
_LOOKS = 20


@dataclasses.dataclass(frozen=True)
class Cached:
    """One image of the cache, or one that is missing there although disks lie over it."""

    image_id: str
    state: str
    """whole; coming: being fetched; missing; or why it must not be opened."""
    disk_format: str = ""
    virtual_bytes: int = 0
    on_disk_bytes: int = 0
    taken_at: dt.datetime | None = None
    """UTC: when it was fetched, or when a disk was last made from it."""
    servers: tuple[str, ...] = ()
    """Ids of the servers whose disks lie over it."""
    moved: tuple[str, ...] = ()
    """Ids of servers that have moved, or are moving, whose former disks are kept here over it."""


def look(folders: Folders) -> tuple[Cached, ...]:
    """All images, sorted by id. Raises Unavailable when files come and go all the while."""
    for _ in range(_LOOKS):
        try:
            return _look(folders)
        except FileNotFoundError:  # nova-compute has renamed or removed something meanwhile
            continue
    raise Unavailable(f"{folders.servers} changes all the while; ask again.")


def _look(folders: Folders) -> tuple[Cached, ...]:
    users = image_users(folders)
    files = sorted(folders.images.iterdir()) if folders.images.is_dir() else []
    here = [f for f in files if ids.is_id(f.name.removesuffix(PART))]
    found = [_one(file, users.get(file.name, ())) for file in here]
    known = {file.name for file in here}
    lost = [_with(Cached(name, MISSING), users[name]) for name in users.keys() - known]
    return tuple(sorted(found + lost, key=lambda one: one.image_id))


def _one(file: Path, users: Collection[str]) -> Cached:
    facts = file.stat()
    one = Cached(
        file.name.removesuffix(PART),
        COMING,
        on_disk_bytes=facts.st_blocks * 512,
        taken_at=dt.datetime.fromtimestamp(facts.st_mtime, dt.UTC).replace(tzinfo=None),
    )
    if file.name.endswith(PART):
        return one
    try:
        with file.open("rb") as opened:
            seen = image_check.inspect(file.name, opened)
    except ImageRefused as error:
        return _with(dataclasses.replace(one, state=error.message), users)
    whole = dataclasses.replace(
        one, state=WHOLE, disk_format=seen.disk_format, virtual_bytes=seen.virtual_bytes
    )
    return _with(whole, users)


def _with(one: Cached, users: Collection[str]) -> Cached:
    kept = {name.removesuffix(KEPT) for name in users if name.endswith(KEPT)}
    here = {name for name in users if not name.endswith(KEPT)}
    return dataclasses.replace(one, servers=tuple(sorted(here)), moved=tuple(sorted(kept)))
