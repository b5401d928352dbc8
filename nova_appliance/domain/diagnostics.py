# SPDX-License-Identifier: Apache-2.0
"""How a running guest does: what its hypervisor counted since it was started."""

from __future__ import annotations

import msgspec


class CpuUse(msgspec.Struct, frozen=True, kw_only=True):
    """A processor of the guest."""

    number: int
    time_ns: int


class NicUse(msgspec.Struct, frozen=True, kw_only=True):
    """An interface; `device` is its name on the host."""

    device: str
    mac: str
    rx_bytes: int = 0
    rx_packets: int = 0
    rx_errors: int = 0
    rx_dropped: int = 0
    tx_bytes: int = 0
    tx_packets: int = 0
    tx_errors: int = 0
    tx_dropped: int = 0


class DiskUse(msgspec.Struct, frozen=True, kw_only=True):
    """A disk; `device` is its name in the guest."""

    device: str
    read_requests: int = 0
    read_bytes: int = 0
    write_requests: int = 0
    write_bytes: int = 0
    errors: int = -1
    """-1 when the hypervisor does not count them."""


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """One guest, now."""

    driver: str
    hypervisor: str
    state: str
    """running or paused."""
    memory_kib: int
    memory_used_kib: int
    memory_stats: dict[str, int] = {}
    """What the balloon tells, KiB."""
    cpus: tuple[CpuUse, ...] = ()
    nics: tuple[NicUse, ...] = ()
    disks: tuple[DiskUse, ...] = ()
