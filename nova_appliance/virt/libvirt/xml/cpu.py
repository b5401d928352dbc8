# SPDX-License-Identifier: Apache-2.0
"""<cpu>: which processor the guest sees."""

from __future__ import annotations

from nova_appliance.common.errors import Invalid
from nova_appliance.virt.libvirt.xml.element import Element, element

DEFAULT_MODE = {"kvm": "host-model", "qemu": "custom", "test": "none"}
"""cpu_mode by virt_type when none is configured."""

EMULATED_MODEL = "Nehalem"
"""Has all of x86-64-v2, which distributions want, and no vector units that are slow to emulate."""

MODES = ("host-model", "host-passthrough", "maximum", "custom", "none")


def cpu(virt_type: str, mode: str, model: str) -> Element | None:
    """<cpu>; None lets QEMU choose."""
    mode = mode or DEFAULT_MODE[virt_type]
    if mode not in MODES:
        raise Invalid(f"cpu_mode {mode!r} is not known; choose one of {', '.join(MODES)}.")
    if mode == "none":
        return None
    if mode == "custom":
        named = element("model", text=model or EMULATED_MODEL, fallback="allow")
        return element("cpu", named, mode="custom", match="exact")
    return element("cpu", mode=mode)
