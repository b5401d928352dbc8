# SPDX-License-Identifier: Apache-2.0
"""<cputune>, <iotune>, <bandwidth>: how much of its host a guest may use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nova_appliance.virt.libvirt.xml.element import Element, element

_DISK_ORDER = (
    "total_bytes_sec",
    "read_bytes_sec",
    "write_bytes_sec",
    "total_iops_sec",
    "read_iops_sec",
    "write_iops_sec",
)


def cpu_tune(limits: Mapping[str, int], pins: Sequence[int] = ()) -> Element | None:
    """<cputune>; `pins` are the host's processors for each of the guest's."""
    shares, period, quota = (limits.get(name) for name in ("shares", "period", "quota"))
    children = [
        element("shares", text=shares) if shares else None,
        element("period", text=period) if period else None,
        element("quota", text=quota) if quota else None,
        *(element("vcpupin", vcpu=vcpu, cpuset=cpu) for vcpu, cpu in enumerate(pins)),
    ]
    return element("cputune", *children) if any(one is not None for one in children) else None


def io_tune(limits: Mapping[str, int]) -> Element | None:
    """<iotune> of a disk."""
    told = [element(name, text=limits[name]) for name in _DISK_ORDER if limits.get(name)]
    return element("iotune", *told) if told else None


def bandwidth(limits: Mapping[str, int]) -> Element | None:
    """<bandwidth> of a network card; libvirt wants an average wherever anything is limited."""
    ways = [way for way in ("inbound", "outbound") if limits.get(f"{way}_average")]
    told = [
        element(way, **{n: limits.get(f"{way}_{n}") for n in ("average", "peak", "burst")})
        for way in ways
    ]
    return element("bandwidth", *told) if told else None
