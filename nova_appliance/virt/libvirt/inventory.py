# SPDX-License-Identifier: Apache-2.0
"""What the host has, asked of libvirt and of the file system under the servers' disks."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import NamedTuple

import libvirt
from lxml import etree

from nova_appliance.common.run import ProgramFailed, run
from nova_appliance.domain.host import Inventory
from nova_appliance.virt.libvirt.connection import Connection
from nova_appliance.virt.libvirt.folders import Folders
from nova_appliance.virt.libvirt.space import disk_space
from nova_appliance.virt.libvirt.traits import DRIVER_TRAITS, cpu_traits
from nova_appliance.virt.libvirt.xml.cpu import cpu
from nova_appliance.virt.libvirt.xml.domain import HostTraits
from nova_appliance.virt.libvirt.xml.element import Element, element, write
from nova_appliance.virt.settings import VirtSettings

_KIB_PER_MIB = 1024
_EMULATED_DEFAULT = "qemu64"


class _Node(NamedTuple):
    """What virNodeGetInfo answers."""

    model: str
    memory_mib: int
    cpus: int
    mhz: int
    numa_nodes: int
    sockets: int
    cores: int
    threads: int


@dataclasses.dataclass(frozen=True)
class HostInventory:
    """See virt.driver.Inventories."""

    connection: Connection
    settings: VirtSettings
    host: HostTraits
    folders: Folders

    def read(self) -> Inventory:
        """See virt.driver.Inventories."""
        space = disk_space(self.folders, self.settings.disk_format)
        return self.connection.call(lambda lent: self._read(lent, space))

    def _read(self, lent: libvirt.virConnect, space: tuple[int, int]) -> Inventory:
        node = _Node(*lent.getInfo())
        whole_mib, used_mib = memory_mib(lent, node.memory_mib)
        seen = read_cpu(lent.getCapabilities())
        return Inventory(
            node=self.settings.host,
            hypervisor_type=lent.getType(),
            hypervisor_version=lent.getVersion(),
            vcpus=node.cpus,
            memory_mib=whole_mib,
            memory_used_mib=used_mib,
            disk_gib=space[0],
            disk_free_gib=space[1],
            cpu_info=dataclasses.asdict(seen)
            | {"topology": {"sockets": node.sockets, "cores": node.cores, "threads": node.threads}},
            architectures=(seen.arch,),
            host_ip=self.settings.host_ip,
            uptime=_uptime(),
            traits=self._traits(lent, seen),
        )

    def _traits(self, lent: libvirt.virConnect, seen: CpuSeen) -> tuple[str, ...]:
        if self.host.virt_type == "test":
            return ()
        features = guest_features(lent, self._guest_cpu(seen))
        return tuple(sorted({*DRIVER_TRAITS, *cpu_traits(features)}))

    def _guest_cpu(self, seen: CpuSeen) -> Element:
        """Describe the processor that guests get, as libvirt wants it for expanding."""
        chosen = cpu(self.host.virt_type, self.host.cpu_mode, self.host.cpu_model)
        named = None if chosen is None else chosen.findtext("model")
        if named is None and self.host.virt_type != "kvm":
            named = _EMULATED_DEFAULT
        if named is not None:
            return element("cpu", element("arch", text=seen.arch), element("model", text=named))
        more = [element("feature", name=name) for name in seen.features]
        return element(
            "cpu", element("arch", text=seen.arch), element("model", text=seen.model), *more
        )


@dataclasses.dataclass(frozen=True)
class CpuSeen:
    """The host's processor."""

    arch: str = "x86_64"
    model: str = ""
    vendor: str = ""
    features: tuple[str, ...] = ()


def read_cpu(capabilities: str) -> CpuSeen:
    """Read the host's processor from libvirt's capabilities."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    found = etree.fromstring(capabilities, parser).find("host/cpu")
    if found is None:
        return CpuSeen()
    return CpuSeen(
        arch=found.findtext("arch", "x86_64"),
        model=found.findtext("model", ""),
        vendor=found.findtext("vendor", ""),
        features=tuple(sorted(f.get("name", "") for f in found.iterfind("feature"))),
    )


def guest_features(lent: libvirt.virConnect, described: Element) -> tuple[str, ...]:
    """All features that a processor model stands for."""
    try:
        expanded = lent.baselineCPU(
            [write(described)], libvirt.VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES
        )
    except libvirt.libvirtError:  # a model that this libvirt does not know has no traits
        return tuple(f.get("name", "") for f in described.iterfind("feature"))
    features = etree.fromstring(expanded).iterfind("feature")
    return tuple(f.get("name", "") for f in features if f.get("policy") != "disable")


def memory_mib(lent: libvirt.virConnect, told_mib: int) -> tuple[int, int]:
    """Whole and used memory of the host; where use is not told, what the running guests have."""
    try:
        stats = lent.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)
    except libvirt.libvirtError:
        running = lent.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
        return told_mib, sum(domain.info()[2] for domain in running) // _KIB_PER_MIB
    spare = sum(stats.get(name, 0) for name in ("free", "buffers", "cached"))
    used_kib = max(0, stats["total"] - spare)
    return stats["total"] // _KIB_PER_MIB, used_kib // _KIB_PER_MIB


def _uptime() -> str:
    with contextlib.suppress(ProgramFailed):
        return run(["uptime"], timeout_s=5).strip()
    return ""
