# SPDX-License-Identifier: Apache-2.0
"""<memoryBacking>: pages of a certain size, or memory that is never swapped out."""

from __future__ import annotations

from nova_appliance.domain.hardware import Hardware
from nova_appliance.virt.libvirt.xml.element import Element, element


def backing(hardware: Hardware) -> Element | None:
    """None for memory like any other."""
    size = hardware.page_size
    pages = None
    if size.isdigit():
        pages = element("hugepages", element("page", size=size, unit="KiB"))
    elif size == "large":
        pages = element("hugepages")
    locked = element("locked") if hardware.locked_memory else None
    if pages is None and locked is None:
        return None
    return element("memoryBacking", pages, locked)
