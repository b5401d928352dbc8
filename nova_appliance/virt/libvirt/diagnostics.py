# SPDX-License-Identifier: Apache-2.0
"""What libvirt counts of a running guest."""

from __future__ import annotations

import dataclasses

import libvirt
from lxml import etree

from nova_appliance.domain.diagnostics import CpuUse, Diagnosis, DiskUse, NicUse
from nova_appliance.domain.guest import PowerState
from nova_appliance.virt.driver import CannotNow
from nova_appliance.virt.libvirt import domains
from nova_appliance.virt.libvirt.connection import Connection

STATES = {PowerState.RUNNING: "running", PowerState.PAUSED: "paused"}
_NIC = (
    "rx_bytes", "rx_packets", "rx_errors", "rx_dropped",
    "tx_bytes", "tx_packets", "tx_errors", "tx_dropped",
)  # fmt: skip
_DISK = ("read_requests", "read_bytes", "write_requests", "write_bytes", "errors")
_MEMORY = ("actual", "available", "rss", "unused", "usable", "swap_in", "swap_out")


@dataclasses.dataclass(frozen=True)
class LibvirtDiagnostics:
    """See virt.driver.Diagnostics."""

    connection: Connection

    def read(self, server_id: str) -> Diagnosis:
        """See virt.driver.Diagnostics."""
        return self.connection.call(lambda lent: _read(domains.get(lent, server_id), server_id))


def _read(domain: libvirt.virDomain, server_id: str) -> Diagnosis:
    state = STATES.get(domains.power_state(domain))
    if state is None:
        raise CannotNow(server_id, "tell how it does")
    try:
        return _count(domain, state)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID:
            raise CannotNow(server_id, "tell how it does") from error
        raise


def _count(domain: libvirt.virDomain, state: str) -> Diagnosis:
    root = etree.fromstring(
        domain.XMLDesc(), etree.XMLParser(resolve_entities=False, no_network=True)
    )
    _, most_kib, used_kib, _, _ = domain.info()
    told = domain.memoryStats()
    return Diagnosis(
        driver="libvirt",
        hypervisor=root.get("type", ""),
        state=state,
        memory_kib=most_kib,
        memory_used_kib=used_kib,
        memory_stats={name: told[name] for name in _MEMORY if name in told},
        cpus=tuple(CpuUse(number=cpu[0], time_ns=cpu[2]) for cpu in domain.vcpus()[0]),
        nics=tuple(_nics(domain, root)),
        disks=tuple(_disks(domain, root)),
    )


def _nics(domain: libvirt.virDomain, root: etree._Element) -> list[NicUse]:
    found = []
    for nic in root.iterfind("devices/interface"):
        device = _attribute(nic, "target", "dev")
        counts = dict(zip(_NIC, domain.interfaceStats(device), strict=True))
        found.append(NicUse(device=device, mac=_attribute(nic, "mac", "address"), **counts))
    return found


def _disks(domain: libvirt.virDomain, root: etree._Element) -> list[DiskUse]:
    names = [_attribute(disk, "target", "dev") for disk in root.iterfind("devices/disk")]
    return [
        DiskUse(device=name, **dict(zip(_DISK, domain.blockStats(name), strict=True)))
        for name in names
    ]


def _attribute(element: etree._Element, path: str, name: str) -> str:
    found = element.find(path)
    return "" if found is None else found.get(name, "")
