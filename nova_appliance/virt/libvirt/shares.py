# SPDX-License-Identifier: Apache-2.0
"""Shares of guests: this host mounts them, virtiofsd hands them to QEMU."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import msgspec

from nova_appliance.common.errors import Refused, Unavailable
from nova_appliance.common.run import ProgramFailed, run
from nova_appliance.domain.guest import Share

KINDS = {"NFS": "nfs"}
"""Protocol > the kind of file system that `mount` knows."""
DAEMON = "virtiofsd"
FOLDERS = "/usr/libexec:/usr/lib/qemu:/usr/lib/virtiofsd:/usr/local/libexec"
"""Where distributions keep it, besides PATH."""
MOUNT_S = 60.0


@dataclasses.dataclass(frozen=True)
class LibvirtShares:
    """See virt.shares.Shares."""

    folder: Path

    def mount(self, share: Share) -> Share:
        """See virt.shares.Shares."""
        kind = KINDS.get(share.protocol)
        if kind is None:
            raise Refused(f"This host mounts shares by {', '.join(KINDS)}, not {share.protocol}.")
        if not (shutil.which(DAEMON) or shutil.which(DAEMON, path=FOLDERS)):
            raise Refused(f"This host has no {DAEMON}, without which guests cannot have shares.")
        place = self.folder / share.share_id
        if not place.is_mount():
            place.mkdir(parents=True, exist_ok=True)
            try:
                run(["mount", "-t", kind, "--", share.export, str(place)], timeout_s=MOUNT_S)
            except ProgramFailed as error:
                raise Unavailable(f"Share {share.share_id} cannot be mounted: {error}") from error
        return msgspec.structs.replace(share, path=str(place))

    def unmount(self, share: Share) -> None:
        """See virt.shares.Shares."""
        place = self.folder / share.share_id
        if place.is_mount():
            try:
                run(["umount", str(place)], timeout_s=MOUNT_S)
            except ProgramFailed as error:
                if "busy" in error.output:  # another guest has it
                    return
                raise
        if place.is_dir():
            place.rmdir()
