# SPDX-License-Identifier: Apache-2.0
"""What guests said on their serial consoles: the log that virtlogd writes and turns over."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from nova_appliance.virt.libvirt import domains
from nova_appliance.virt.libvirt.connection import Connection
from nova_appliance.virt.libvirt.folders import CONSOLE_LOG, Folders


@dataclasses.dataclass(frozen=True)
class LoggedConsoles:
    """See virt.driver.Consoles."""

    connection: Connection
    folders: Folders

    def output(self, server_id: str, max_bytes: int) -> bytes:
        """See virt.driver.Consoles."""
        self.connection.call(lambda lent: domains.get(lent, server_id))
        log = self.folders.server(server_id) / CONSOLE_LOG
        said = read_end(log, max_bytes)
        if len(said) < max_bytes:  # the log was turned over not long ago
            older = log.with_name(log.name + ".0")
            said = read_end(older, max_bytes - len(said)) + said
        return said


def read_end(file: Path, max_bytes: int) -> bytes:
    """The last bytes of a file; nothing when it is not there."""
    try:
        with file.open("rb") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(max(0, size - max(0, max_bytes)))
            return opened.read(max(0, max_bytes))
    except FileNotFoundError:
        return b""
