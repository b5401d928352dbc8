# SPDX-License-Identifier: Apache-2.0
"""Extra specs: known names with good and bad values, unknown names in and out of namespaces."""

from __future__ import annotations

import pytest

from nova_appliance.common import errors
from nova_appliance.domain.extra_specs import check

GOOD = (
    ("hw:cpu_policy", "mixed"),
    ("hw:cpu_realtime", "yes"),
    ("hw:cpu_realtime_mask", "^0-1"),
    ("hw:mem_page_size", "2048kB"),
    ("hw:mem_page_size", "large"),
    ("hw:numa_nodes", "2"),
    ("hw:numa_cpus.1", "0-3,^2"),
    ("hw:redirected_usb_ports", "15"),
    ("hw_rng:rate_bytes", "0"),
    ("quota:cpu_quota", "-5"),
    ("quota:disk_read_iops_sec", "100"),
    ("quota:vif_inbound_peak", "7"),
    ("quota:memory_shares_level", "high"),
    ("pci_passthrough:alias", "gpu:1, nic:2"),
    ("resources:VCPU", "4"),
    ("resources1:CUSTOM_GOLD", "1"),
    ("resources_NET:SRIOV_NET_VF", "1"),
    ("trait:HW_CPU_X86_AVX2", "required"),
    ("trait_NUMA:CUSTOM_FAST", "forbidden"),
    ("capabilities:hypervisor_type", "<in> QEMU"),
    ("capabilities:cpu_info:features", "<in> avx"),
    ("aggregate_instance_extra_specs:ssd", "true"),
    ("group_policy", "none"),
    ("my_own", "whatever"),
    ("mine:own", "whatever"),
)
BAD = (
    ("hw:cpu_policy", "mine", "is not one of: dedicated, shared, mixed."),
    ("hw:cpu_realtime", "maybe", "boolean-like"),
    ("hw:cpu_sockets", "0", "less than the min value of '1'"),
    ("hw:cpu_sockets", "one", "not a valid integer"),
    ("hw:cpu_sockets", "9" * 5000, "not a valid integer"),
    ("hw:redirected_usb_ports", "16", "greater than the max value of '15'"),
    ("hw:numa_cpus.x", "0", "does not appear to be a valid extra spec"),
    ("hw:no_such_thing", "1", "does not appear to be a valid extra spec"),
    ("quota:nothing", "1", "does not appear to be a valid extra spec"),
    ("resources:NO_SUCH", "1", "does not appear to be a valid extra spec"),
    ("resources:VCPU", "many", "not a valid integer"),
    ("trait:NO_SUCH_TRAIT", "required", "does not appear to be a valid extra spec"),
    ("trait:CUSTOM_A", "maybe", "is not one of: required, forbidden."),
    ("capabilities:colour", "red", "does not appear to be a valid extra spec"),
    ("pci_passthrough:alias", "gpu", "is not of the format"),
    ("os:secure_boot", "optional", "is not one of"),
)


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_good_specs_pass(name: str, value: str) -> None:
    assert check(name, value) is None


@pytest.mark.parametrize(("name", "value", "problem"), BAD)
def test_bad_specs_are_named(name: str, value: str, problem: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        check(name, value)
    assert problem in caught.value.message
    assert caught.value.message.startswith("Validation failed; ")
