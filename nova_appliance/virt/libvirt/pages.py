# SPDX-License-Identifier: Apache-2.0
"""Whether the host has the huge pages that a guest's memory is to be made of."""

from __future__ import annotations

import os
import re
from pathlib import Path

import libvirt

from nova_appliance.domain.guest import Guest
from nova_appliance.virt.driver import HypervisorFailed
from nova_appliance.virt.libvirt.xml.domain import hardware_of

WHOLE_HOST = -1
"""libvirt's cell that stands for all of them."""
USUAL_KIB = os.sysconf("SC_PAGE_SIZE") // 1024
_DEFAULT = re.compile(r"^Hugepagesize: +(\d+) kB$", re.MULTILINE)


def check(lent: libvirt.virConnect, guest: Guest) -> None:
    """Raise HypervisorFailed, with the sizes and numbers, unless so many are free."""
    size = _size_kib(hardware_of(guest).page_size)
    if size <= USUAL_KIB:
        return
    free, needed = _free(lent, size), -(-guest.memory_mib * 1024 // size)
    if free < needed:
        raise HypervisorFailed(
            f"The host has {free} free huge pages of {size} KiB; "
            f"a guest with hw:mem_page_size needs {needed}."
        )


def _size_kib(words: str) -> int:
    """0 for the usual ones; `large` is what the kernel calls its default."""
    if words != "large":
        return int(words) if words.isdigit() else 0
    found = _DEFAULT.search(Path("/proc/meminfo").read_text())
    return int(found[1]) if found else 0


def _free(lent: libvirt.virConnect, size_kib: int) -> int:
    try:
        return int(lent.getFreePages([size_kib], WHOLE_HOST, 1)[WHOLE_HOST][size_kib])
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_OPERATION_FAILED:
            raise
        return 0  # a size that its kernel or processor does not have
