# SPDX-License-Identifier: Apache-2.0
"""Names of a server's disks, as the guest will most likely call them: the next free letter."""

from __future__ import annotations

import re
from collections.abc import Collection

from nova_appliance.common import errors

PREFIXES = {"virtio": "vd", "ide": "hd", "sata": "sd", "scsi": "sd", "usb": "sd", "fdc": "fd"}
"""Bus > how names of its disks begin."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_NAME = re.compile(r"^(?:/dev/)?x?([a-z]+?)([a-z])\d*$")


def next_name(bus: str, used: Collection[str]) -> str:
    """The next free device on this bus. Raises Invalid for a bus nobody knows, or when all are taken."""
    if bus not in PREFIXES:
        raise errors.Invalid(f"Disk bus {bus} is not valid.")
    prefix = f"/dev/{PREFIXES[bus]}"
    for letter in _LETTERS:
        if prefix + letter not in used:
            return prefix + letter
    raise errors.Forbidden(f"All {len(_LETTERS)} disk devices on bus {bus} are in use.")


def check_name(name: str) -> None:
    """Raise Invalid for what no disk is called."""
    if not _NAME.match(name):
        raise errors.Invalid(f"The supplied device path ({name}) is invalid.")


def short(name: str) -> str:
    """`vdb` of /dev/vdb."""
    return name.rpartition("/")[2]
