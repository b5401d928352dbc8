# SPDX-License-Identifier: Apache-2.0
"""Hardware that flavors and images ask for: read, filled in, and refused with the word."""

import pytest

from nova_appliance.domain.hardware import Hardware, Impossible, read
from nova_appliance.domain.hardware_cells import numbers
from nova_appliance.domain.hardware_cpus import Topology


def of(specs=None, properties=None, vcpus=8, memory_mib=1024):
    return read(specs or {}, properties or {}, vcpus, memory_mib)


def test_without_words_all_is_usual():
    assert of() == Hardware()
    assert of({"a": "b", "trait:X": "required"}, {"os_type": "linux"}) == Hardware()


@pytest.mark.parametrize(
    ("specs", "properties", "shape"),
    [
        ({"hw:cpu_sockets": "2"}, {}, (2, 4, 1)),
        ({"hw:cpu_cores": "4"}, {}, (2, 4, 1)),
        ({"hw:cpu_threads": "2"}, {}, (4, 1, 2)),
        ({"hw:cpu_sockets": "2", "hw:cpu_threads": "2"}, {}, (2, 2, 2)),
        ({"hw:cpu_max_sockets": "1"}, {}, (1, 8, 1)),
        ({"hw:cpu_max_sockets": "3"}, {}, (2, 4, 1)),
        ({"hw:cpu_sockets": "4"}, {"hw_cpu_sockets": "1"}, (1, 8, 1)),
        ({}, {"hw_cpu_cores": "8"}, (1, 8, 1)),
    ],
)
def test_topologies(specs, properties, shape):
    assert of(specs, properties).topology == Topology(
        sockets=shape[0], cores=shape[1], threads=shape[2]
    )


def test_cells_are_divided_or_as_they_are_asked_for():
    two = of({"hw:numa_nodes": "2"}).cells
    assert [(cell.vcpus, cell.memory_mib) for cell in two] == [
        ((0, 1, 2, 3), 512),
        ((4, 5, 6, 7), 512),
    ]
    asked = {
        "hw:numa_nodes": "2", "hw:numa_cpus.0": "0-6,^3", "hw:numa_mem.0": "1000",
        "hw:numa_cpus.1": "3,7", "hw:numa_mem.1": "24",
    }  # fmt: skip
    uneven = of(asked).cells
    assert [(cell.vcpus, cell.memory_mib) for cell in uneven] == [
        ((0, 1, 2, 4, 5, 6), 1000),
        ((3, 7), 24),
    ]
    assert len(of({}, {"hw_numa_nodes": "4"}).cells) == 4
    assert numbers("1,3-5,^4") == {1, 3, 5}


def test_sizes_and_limits():
    found = of(
        {
            "hw:mem_page_size": "2MB", "quota:cpu_shares": "512", "quota:disk_read_iops_sec": "9",
            "quota:vif_inbound_average": "100", "quota:cpu_limit": "3", "hw_rng:allowed": "False",
            "hw:watchdog_action": "reset", "hw:boot_menu": "true", "hw:pmu": "false",
            "hw_video:ram_max_mb": "64", "hw:locked_memory": "true",
        },
        {"hw_watchdog_action": "poweroff", "hw_video_ram": "32", "hw_vif_model": "e1000"},
    )  # fmt: skip
    assert (found.page_size, found.cpu_limits) == ("2048", {"shares": 512})
    assert found.disk_limits == {"read_iops_sec": 9}
    assert found.vif_limits == {"inbound_average": 100}
    assert (found.rng, found.boot_menu, found.pmu) == (False, True, False)
    assert (found.watchdog, found.video_ram_mib, found.vif_model) == ("poweroff", 32, "e1000")
    assert of({"hw:mem_page_size": "any"}, {"hw_mem_page_size": "1GB"}).page_size == "1048576"
    secure = of({"os:secure_boot": "required"}, {"os_secure_boot": "optional"})
    assert (secure.firmware, secure.secure_boot) == ("uefi", True)
    assert of({"hw:cpu_policy": "dedicated"}).pinned
    assert of({"hw:watchdog_action": "disabled"}).watchdog == ""


@pytest.mark.parametrize(
    ("specs", "properties", "word"),
    [
        ({"hw:cpu_sockets": "3"}, {}, "hw:cpu_sockets=3"),
        ({"hw:cpu_sockets": "2", "hw:cpu_cores": "2", "hw:cpu_threads": "1"}, {}, "grouped"),
        ({"hw:cpu_sockets": "x"}, {}, "hw:cpu_sockets"),
        ({"hw:cpu_max_cores": "2"}, {"hw_cpu_max_cores": "4"}, "hw_cpu_max_cores"),
        ({"hw:cpu_max_cores": "2"}, {"hw_cpu_cores": "4"}, "hw:cpu_cores"),
        ({"hw:numa_nodes": "3"}, {}, "hw:numa_nodes"),
        ({"hw:numa_nodes": "0"}, {}, "hw:numa_nodes"),
        ({"hw:numa_nodes": "2"}, {"hw_numa_nodes": "2"}, "hw_numa_"),
        ({"hw:numa_nodes": "1", "hw:numa_cpus.0": "0-3", "hw:numa_mem.0": "1024"}, {}, "numa_cpus"),
        ({"hw:numa_nodes": "1", "hw:numa_cpus.0": "0-7", "hw:numa_mem.0": "5"}, {}, "numa_mem"),
        ({"hw:numa_nodes": "1", "hw:numa_cpus.0": "0-7"}, {}, "numa_mem.0"),
        ({"hw:mem_page_size": "2bits"}, {}, "hw:mem_page_size"),
        ({}, {"hw_mem_page_size": "large"}, "hw_mem_page_size"),
        ({"hw:cpu_policy": "shared"}, {"hw_cpu_policy": "dedicated"}, "hw:cpu_policy"),
        ({"hw:cpu_policy": "mixed"}, {}, "hw:cpu_policy"),
        ({"hw:cpu_thread_policy": "isolate"}, {}, "hw:cpu_thread_policy"),
        ({"hw:mem_encryption": "true"}, {}, "hw:mem_encryption"),
        ({"hw:tpm_version": "2.0"}, {}, "hw:tpm_version"),
        ({}, {"hw_vif_model": "x"}, "hw_vif_model"),
        ({}, {"hw_disk_bus": "floppy"}, "hw_disk_bus"),
        ({}, {"hw_firmware_type": "x"}, "hw_firmware_type"),
        ({}, {"hw_watchdog_action": "bark"}, "hw_watchdog_action"),
        ({}, {"hw_rng_model": "x"}, "hw_rng_model"),
        ({}, {"hw_machine_type": "isapc"}, "hw_machine_type"),
        ({}, {"hw_video_ram": "8"}, "hw_video_ram"),
        ({"quota:cpu_shares": "x"}, {}, "quota:cpu_shares"),
        ({"os:secure_boot": "required"}, {"hw_firmware_type": "bios"}, "hw_firmware_type"),
        ({"os:secure_boot": "required"}, {"os_secure_boot": "disabled"}, "os_secure_boot"),
    ],
)
def test_what_is_impossible_is_refused_by_its_word(specs, properties, word):
    with pytest.raises(Impossible, match=word):
        of(specs, properties)
