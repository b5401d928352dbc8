# SPDX-License-Identifier: Apache-2.0
"""<filesystem>: a folder of the host that the guest mounts by its tag, over virtiofs."""

from __future__ import annotations

from nova_appliance.domain.guest import Share
from nova_appliance.virt.libvirt.xml.element import Element, element

QUEUE = 1024


def share(part: Share) -> Element:
    """<filesystem> of one share; the guest's memory must be one that can be shared."""
    return element(
        "filesystem",
        element("driver", type="virtiofs", queue=QUEUE),
        element("source", dir=part.path),
        element("target", dir=part.tag),
        type="mount",
        accessmode="passthrough",
    )
