# SPDX-License-Identifier: Apache-2.0
"""Which extra specs flavors may carry: one table of names and kinds of values (2.86).

Names outside the known namespaces pass: operators match them against their own aggregates.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import msgspec
import os_traits

from nova_appliance.common import errors

TRUE_WORDS = ("1", "t", "true", "on", "y", "yes")
FALSE_WORDS = ("0", "f", "false", "off", "n", "no")


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """What a value must look like; all it says must hold."""

    number: bool = False
    least: int | None = None
    most: int | None = None
    boolean: bool = False
    words: tuple[str, ...] = ()
    pattern: str | None = None

    def problem(self, value: str) -> str | None:
        """What is wrong with the value; None when it is fine."""
        if self.boolean and value.strip().lower() not in TRUE_WORDS + FALSE_WORDS:
            return f"'{value}' is not a valid boolean-like value."
        if self.words and value not in self.words:
            return f"'{value}' is not one of: {', '.join(self.words)}."
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            return f"'{value}' is not of the format '{self.pattern}'."
        return self._number_problem(value) if self.number else None

    def _number_problem(self, value: str) -> str | None:
        if not re.fullmatch(r"\s*[-+]?\d{1,300}\s*", value):
            return f"'{value}' is not a valid integer value."
        if self.most is not None and int(value) > self.most:
            return f"'{value}' is greater than the max value of '{self.most}'."
        if self.least is not None and int(value) < self.least:
            return f"'{value}' is less than the min value of '{self.least}'."
        return None


def _one_of(*words: str) -> Kind:
    return Kind(words=words)


ANYTHING = Kind()
SWITCH = Kind(boolean=True)
INTEGER = Kind(number=True)
NOT_NEGATIVE = Kind(number=True, least=0)
POSITIVE = Kind(number=True, least=1)
CPU_SET = Kind(pattern=r"\^?\d+((-\d+)?(,\^?\d+(-\d+)?)?)*")
DEMAND = _one_of("required", "forbidden")

_GROUP = r"([a-zA-Z0-9_-]{1,64})?"
_RESOURCES = (
    "VCPU PCPU MEMORY_MB DISK_GB PCI_DEVICE SRIOV_NET_VF NUMA_SOCKET NUMA_CORE NUMA_THREAD "
    "NUMA_MEMORY_MB IPV4_ADDRESS VGPU VGPU_DISPLAY_HEAD FPGA PGPU MEM_ENCRYPTION_CONTEXT "
    "NET_BW_EGR_KILOBIT_PER_SEC NET_BW_IGR_KILOBIT_PER_SEC NET_PACKET_RATE_KILOPACKET_PER_SEC "
    "NET_PACKET_RATE_EGR_KILOPACKET_PER_SEC NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC"
)
_CAPABILITIES = (
    "id uuid service_id host vcpus memory_mb local_gb vcpus_used memory_mb_used local_gb_used "
    "hypervisor_type hypervisor_version hypervisor_hostname free_ram_mb free_disk_gb "
    "current_workload running_vms disk_available_least host_ip mapped cpu_allocation_ratio "
    "ram_allocation_ratio disk_allocation_ratio total_usable_ram_mb total_usable_disk_gb "
    "disk_mb_used free_disk_mb vcpus_total num_instances num_io_ops failed_builds aggregates "
    "cell_uuid updated"
)
_NESTED_CAPABILITIES = (
    "cpu_info metrics stats numa_topology supported_hv_specs pci_device_pools nodename pci_stats "
    "supported_instances limits instances"
)


def _any(words: str) -> str:
    return f"({'|'.join(words.split())})"


KINDS: dict[str, Kind] = {
    "hw:cpu_realtime": SWITCH,
    "hw:cpu_realtime_mask": CPU_SET,
    "hw:cpu_policy": _one_of("dedicated", "shared", "mixed"),
    "hw:cpu_thread_policy": _one_of("prefer", "isolate", "require"),
    "hw:emulator_threads_policy": _one_of("isolate", "share"),
    "hw:cpu_dedicated_mask": CPU_SET,
    "hw:cpu_sockets": POSITIVE,
    "hw:cpu_cores": POSITIVE,
    "hw:cpu_threads": POSITIVE,
    "hw:cpu_max_sockets": POSITIVE,
    "hw:cpu_max_cores": POSITIVE,
    "hw:cpu_max_threads": POSITIVE,
    "hw:mem_page_size": Kind(pattern=r"(large|small|any|\d+([kKMGT]i?)?(b|bit|B)?)"),
    "hw:locked_memory": SWITCH,
    "hw:numa_nodes": POSITIVE,
    r"hw:numa_cpus\.\d+": CPU_SET,
    r"hw:numa_mem\.\d+": POSITIVE,
    "hw:pci_numa_affinity_policy": _one_of("required", "preferred", "legacy", "socket"),
    "hw:hide_hypervisor_id": SWITCH,
    "hw:boot_menu": SWITCH,
    "hw:vif_multiqueue_enabled": SWITCH,
    "hw:mem_encryption": SWITCH,
    "hw:mem_encryption_model": _one_of("amd-sev", "amd-sev-es", "amd-sev-snp", "intel-tdx"),
    "hw:pmem": Kind(pattern=r"[a-zA-Z0-9_]+(,[a-zA-Z0-9_]+)*,?"),
    "hw:pmu": SWITCH,
    "hw:serial_port_count": NOT_NEGATIVE,
    "hw:tpm_model": _one_of("tpm-tis", "tpm-crb"),
    "hw:tpm_version": _one_of("1.2", "2.0"),
    "hw:tpm_secret_security": _one_of("user", "host", "deployment"),
    "hw:watchdog_action": _one_of("none", "pause", "poweroff", "reset", "disabled"),
    "hw:viommu_model": _one_of("intel", "smmuv3", "virtio", "auto"),
    "hw:virtio_packed_ring": SWITCH,
    "hw:sound_model": _one_of("sb16", "es1370", "pcspk", "ac97", "ich6", "ich9", "usb", "virtio"),
    "hw:usb_model": _one_of("none", "nec-xhci", "qemu-xhci"),
    "hw:redirected_usb_ports": Kind(number=True, least=0, most=15),
    "hw:ephemeral_encryption": SWITCH,
    "hw:ephemeral_encryption_format": _one_of("plain", "luks", "luksv2"),
    "hw_rng:allowed": SWITCH,
    "hw_rng:rate_bytes": NOT_NEGATIVE,
    "hw_rng:rate_period": NOT_NEGATIVE,
    "hw_video:ram_max_mb": NOT_NEGATIVE,
    "hide_hypervisor_id": SWITCH,
    "group_policy": _one_of("isolate", "none"),
    "os:secure_boot": _one_of("disabled", "required"),
    "pci_passthrough:alias": Kind(pattern=r"[^:]+:\d+(?:\s*,\s*[^:]+:\d+)*"),
    "accel:device_profile": ANYTHING,
    "aggregate_instance_extra_specs:.+": ANYTHING,
    f"capabilities:{_any(_CAPABILITIES)}": ANYTHING,
    rf"capabilities:{_any(_NESTED_CAPABILITIES)}(:\w+)*": ANYTHING,
    "quota:cpu_shares": NOT_NEGATIVE,
    "quota:cpu_period": NOT_NEGATIVE,
    "quota:cpu_quota": INTEGER,
    "quota:(cpu|memory|disk_io|vif)_limit": NOT_NEGATIVE,
    "quota:(cpu|memory|disk_io|vif)_reservation": INTEGER,
    "quota:(cpu|memory|disk_io|vif)_shares_level": _one_of("custom", "high", "normal", "low"),
    "quota:(cpu|memory|disk_io|vif)_shares_share": NOT_NEGATIVE,
    "quota:disk_(read|write|total)_(bytes|iops)_sec": NOT_NEGATIVE,
    "quota:vif_(inbound|outbound)_(average|peak|burst)": NOT_NEGATIVE,
    f"resources{_GROUP}:(CUSTOM_[A-Z0-9_]+|{_any(_RESOURCES)})": INTEGER,
    f"trait{_GROUP}:CUSTOM_[A-Z0-9_]+": DEMAND,
    "vmware:hw_version": ANYTHING,
    "vmware:storage_policy": ANYTHING,
}
"""Pattern of the name > kind of the value. Traits of os-traits come on top."""


def check(name: str, value: str) -> None:
    """Raises Invalid when a known name has a wrong value, or a known namespace no such name."""
    problem = _problem(name, value)
    if problem:
        raise errors.Invalid(f"Validation failed; {problem}")


def _problem(name: str, value: str) -> str | None:
    kind = KINDS.get(name) or next((k for pattern, k in _kinds() if pattern.fullmatch(name)), None)
    if kind is None and re.fullmatch(f"trait{_GROUP}:.*", name):
        kind = DEMAND if name.split(":", 1)[1] in _traits() else None
    if kind is not None:
        return kind.problem(value)
    namespace, colon, _ = name.partition(":")
    if colon and re.fullmatch(_namespaces(), namespace):
        return f"extra spec '{name}' does not appear to be a valid extra spec."
    return None


@functools.cache
def _kinds() -> tuple[tuple[re.Pattern[str], Kind], ...]:
    return tuple((re.compile(pattern), kind) for pattern, kind in KINDS.items())


@functools.cache
def _namespaces() -> str:
    def found() -> Iterator[str]:
        for pattern in KINDS:
            namespace, colon, _ = pattern.partition(":")
            if colon:
                yield namespace

    return "|".join(sorted(set(found())))


@functools.cache
def _traits() -> frozenset[str]:
    return frozenset(os_traits.get_traits())
