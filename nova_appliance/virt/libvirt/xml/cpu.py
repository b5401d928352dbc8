# SPDX-License-Identifier: Apache-2.0
"""<cpu>: which processor the guest sees."""

from __future__ import annotations

from nova_appliance.common.errors import Invalid
from nova_appliance.domain.hardware import Hardware
from nova_appliance.virt.libvirt.xml.element import Element, element

DEFAULT_MODE = {"kvm": "host-model", "qemu": "custom", "test": "none"}
"""cpu_mode by virt_type when none is configured."""

EMULATED_MODEL = "Nehalem"
"""Has all of x86-64-v2, which distributions want, and no vector units that are slow to emulate."""

PLAIN = Hardware()
"""As it is without any wish."""
MODES = ("host-model", "host-passthrough", "maximum", "custom", "none")


def cpu(virt_type: str, mode: str, model: str, hardware: Hardware = PLAIN) -> Element | None:
    """<cpu>; None lets QEMU choose."""
    mode = mode or DEFAULT_MODE[virt_type]
    if mode not in MODES:
        raise Invalid(f"cpu_mode {mode!r} is not known; choose one of {', '.join(MODES)}.")
    parts = [*_topology(hardware), *_cells(hardware)]
    if mode == "none":
        return element("cpu", *parts) if parts else None
    if mode == "custom":
        named = element("model", text=model or EMULATED_MODEL, fallback="allow")
        return element("cpu", named, *parts, mode="custom", match="exact")
    return element("cpu", *parts, mode=mode)


def _topology(hardware: Hardware) -> list[Element]:
    shape = hardware.topology
    if shape is None:
        return []
    return [element("topology", sockets=shape.sockets, cores=shape.cores, threads=shape.threads)]


def _cells(hardware: Hardware) -> list[Element]:
    made = [
        element(
            "cell",
            id=number,
            cpus=",".join(str(cpu) for cpu in cell.vcpus),
            memory=cell.memory_mib,
            unit="MiB",
        )
        for number, cell in enumerate(hardware.cells)
    ]
    return [element("numa", *made)] if made else []
