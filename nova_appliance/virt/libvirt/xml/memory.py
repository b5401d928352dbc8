# SPDX-License-Identifier: Apache-2.0
"""<memoryBacking>: pages of a certain size, or memory that is never swapped out."""

from __future__ import annotations

from nova_appliance.domain.hardware import Hardware
from nova_appliance.virt.libvirt.xml.element import Element, element


def backing(hardware: Hardware, *, shared: bool = False) -> Element | None:
    """None for memory like any other; `shared` is what virtiofsd needs."""
    size = hardware.page_size
    pages = None
    if size.isdigit():
        pages = element("hugepages", element("page", size=size, unit="KiB"))
    elif size == "large":
        pages = element("hugepages")
    locked = element("locked") if hardware.locked_memory else None
    parts = [pages, locked]
    if shared:
        parts += [element("source", type="memfd"), element("access", mode="shared")]
    if not any(part is not None for part in parts):
        return None
    return element("memoryBacking", *parts)
