# SPDX-License-Identifier: Apache-2.0
"""How a guest does: a fixed structure from 2.48 on, the hypervisor's own counters before."""

from __future__ import annotations

import datetime as dt
from typing import Any

from nova_appliance.domain.diagnostics import Diagnosis, DiskUse, NicUse
from nova_appliance.domain.server import Server


def show(found: Diagnosis, server: Server, now: dt.datetime) -> dict[str, Any]:
    """From 2.48 on; what is not known is null."""
    up = now - server.launched_at if server.launched_at else None
    return {
        "state": found.state,
        "driver": found.driver,
        "hypervisor": found.hypervisor,
        "hypervisor_os": "linux",
        "uptime": int(up.total_seconds()) if up is not None else None,
        "config_drive": server.config_drive,
        "num_cpus": len(found.cpus),
        "num_nics": len(found.nics),
        "num_disks": len(found.disks),
        "memory_details": {
            "maximum": found.memory_kib // 1024,
            "used": found.memory_used_kib // 1024,
        },
        "cpu_details": [
            {"id": cpu.number, "time": cpu.time_ns, "utilisation": None} for cpu in found.cpus
        ],
        "nic_details": [_nic(nic) for nic in found.nics],
        "disk_details": [_disk(disk) for disk in found.disks],
    }


def old(found: Diagnosis) -> dict[str, int]:
    """To 2.47: a counter a key."""
    told = {f"cpu{cpu.number}_time": cpu.time_ns for cpu in found.cpus}
    for disk in found.disks:
        told |= {
            f"{disk.device}_read_req": disk.read_requests,
            f"{disk.device}_read": disk.read_bytes,
            f"{disk.device}_write_req": disk.write_requests,
            f"{disk.device}_write": disk.write_bytes,
            f"{disk.device}_errors": disk.errors,
        }
    for nic in found.nics:
        for way in ("rx", "tx"):
            told |= {
                f"{nic.device}_{way}": getattr(nic, f"{way}_bytes"),
                f"{nic.device}_{way}_packets": getattr(nic, f"{way}_packets"),
                f"{nic.device}_{way}_errors": getattr(nic, f"{way}_errors"),
                f"{nic.device}_{way}_drop": getattr(nic, f"{way}_dropped"),
            }
    told["memory"] = found.memory_kib
    return told | {f"memory-{name}": value for name, value in found.memory_stats.items()}


def _nic(nic: NicUse) -> dict[str, Any]:
    view: dict[str, Any] = {"mac_address": nic.mac}
    for way in ("rx", "tx"):
        view |= {
            f"{way}_octets": getattr(nic, f"{way}_bytes"),
            f"{way}_packets": getattr(nic, f"{way}_packets"),
            f"{way}_errors": getattr(nic, f"{way}_errors"),
            f"{way}_drop": getattr(nic, f"{way}_dropped"),
            f"{way}_rate": None,
        }
    return view


def _disk(disk: DiskUse) -> dict[str, Any]:
    return {
        "read_bytes": disk.read_bytes,
        "read_requests": disk.read_requests,
        "write_bytes": disk.write_bytes,
        "write_requests": disk.write_requests,
        "errors_count": disk.errors if disk.errors >= 0 else None,
    }
