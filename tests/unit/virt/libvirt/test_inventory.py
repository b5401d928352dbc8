# SPDX-License-Identifier: Apache-2.0
"""What is read from a true machine's capabilities, and trait names that exist."""

from pathlib import Path

import os_traits

from nova_appliance.virt.libvirt.inventory import read_cpu
from nova_appliance.virt.libvirt.traits import CPU_TRAITS, DRIVER_TRAITS, cpu_traits

CAPTURED = Path(__file__).parent / "captured"


def test_the_processor_of_captured_capabilities():
    seen = read_cpu((CAPTURED / "capabilities.xml").read_text())
    assert (seen.arch, seen.model, seen.vendor) == ("x86_64", "kvm64", "AMD")
    assert {"avx2", "sse4.2", "aes"} < set(seen.features)
    assert list(seen.features) == sorted(seen.features)


def test_capabilities_without_a_processor_are_taken():
    assert read_cpu("<capabilities><host/></capabilities>").model == ""


def test_every_trait_is_one_of_os_traits():
    known = set(os_traits.get_traits())
    assert {*CPU_TRAITS.values(), *DRIVER_TRAITS} <= known
    assert cpu_traits(["avx", "no-such-feature", "pni"]) == ("HW_CPU_X86_AVX", "HW_CPU_X86_SSE3")
