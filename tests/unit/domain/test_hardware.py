# SPDX-License-Identifier: Apache-2.0
"""Hardware that flavors and images ask for: read, filled in, and refused with the word."""

import re

import pytest

from nova_appliance.domain import not_offered
from nova_appliance.domain.hardware import Hardware, Impossible, read
from nova_appliance.domain.hardware_cells import numbers
from nova_appliance.domain.hardware_cpus import Topology
from nova_appliance.domain.hardware_devices import Devices


def of(specs=None, properties=None, vcpus=8, memory_mib=1024):
    return read(specs or {}, properties or {}, vcpus, memory_mib)


def ask(specs, properties):
    """As actions do for a guest that is to be."""
    not_offered.check(specs, properties)
    return of(specs, properties)


def refused(specs, properties, word):
    with pytest.raises(Impossible, match=re.escape(word)):
        ask(specs, properties)


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
    assert (secure.firmware, secure.secure_boot, secure.machine) == ("uefi", True, "q35")
    assert of({}, {"hw_machine_type": "pc-q35-7.2"}).machine == "pc-q35-7.2"
    assert of({"quota:cpu_quota": "-1"}).cpu_limits == {"quota": -1}
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
        ({"hw:mem_page_size": "²"}, {}, "hw:mem_page_size"),
        ({}, {"hw_video_ram": "--5"}, "hw_video_ram"),
        ({}, {"hw_video_ram": "²"}, "hw_video_ram"),
        ({}, {"hw_video_ram": "-5"}, "hw_video_ram"),
        ({"quota:disk_read_iops_sec": "-1"}, {}, "quota:disk_read_iops_sec"),
        ({}, {"hw_machine_type": "pcx"}, "hw_machine_type"),
        ({}, {"hw_machine_type": "q35-7.2"}, "hw_machine_type"),
        ({"os:secure_boot": "required"}, {"hw_machine_type": "pc"}, "hw_machine_type"),
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
        ({"quota:vif_inbound_peak": "9"}, {}, "quota:vif_inbound_peak"),
        ({"quota:vif_outbound_burst": "9"}, {}, "quota:vif_outbound_burst"),
        (
            {"quota:vif_outbound_peak": "9", "quota:vif_outbound_average": "0"},
            {},
            "quota:vif_outbound_peak",
        ),
        (
            {"quota:vif_outbound_peak": "9", "quota:vif_inbound_average": "5"},
            {},
            "quota:vif_outbound_peak",
        ),
        ({"hw:numa_cpus.0": "0-7"}, {}, "hw:numa_cpus.0"),
        ({"hw:numa_mem.1": "512", "hw:numa_nodes": "1"}, {}, "hw:numa_mem.1"),
        ({"hw:numa_cpus.1": "0"}, {"hw_numa_nodes": "2"}, "hw:numa_cpus.1"),
        ({}, {"hw_numa_mem.0": "1024"}, "hw_numa_mem.0"),
        ({}, {"hw_numa_cpus.2": "0", "hw_numa_nodes": "2"}, "hw_numa_cpus.2"),
        ({"os:secure_boot": "required"}, {"hw_firmware_type": "bios"}, "hw_firmware_type"),
        ({"os:secure_boot": "required"}, {"os_secure_boot": "disabled"}, "os_secure_boot"),
    ],
)
def test_what_is_impossible_is_refused_by_its_word(specs, properties, word):
    refused(specs, properties, word)


NOT_GIVEN = (
    # the flavor's word, a value that asks for it, one that does not
    ("hw:mem_encryption", "true", "false"),
    ("hw:mem_encryption_model", "amd-sev", ""),
    ("hw:cpu_realtime", "yes", "no"),
    ("hw:cpu_dedicated_mask", "0-1", ""),
    ("hw:emulator_threads_policy", "share", ""),
    ("hw:ephemeral_encryption", "1", "0"),
    ("hw:ephemeral_encryption_format", "luks", ""),
    ("hw:tpm_version", "2.0", ""),
    ("hw:tpm_model", "tpm-crb", ""),
    ("hw:tpm_secret_security", "host", ""),
    ("hw:pmem", "6GB", ""),
    ("hw:viommu_model", "auto", ""),
    ("hw:maxphysaddr_mode", "emulate", ""),
    ("hw:maxphysaddr_bits", "42", ""),
    ("hw:firmware_stateless", "True", "False"),
    ("hw:virtio_packed_ring", "on", "off"),
    ("hw:serial_port_count", "2", "1"),
    ("hw:redirected_usb_ports", "2", "0"),
    ("hw:input_bus", "virtio", "usb"),
    ("hw:scsi_model", "lsilogic", "virtio-scsi"),
    ("hw:emulation_architecture", "aarch64", "x86_64"),
    ("hw:pointer_model", "pen", "usbtablet"),
    ("hw:sound_model", "pcspk", "ich9"),
    ("hw:usb_model", "ehci", "qemu-xhci"),
    ("accel:device_profile", "mine", ""),
    ("quota:cpu_limit", "3", "0"),
    ("quota:memory_reservation", "64", "0"),
    ("quota:disk_io_shares_level", "high", "normal"),
    ("quota:vif_shares_share", "9", "0"),
    ("resources:PGPU", "1", "0"),
    ("resources:PCPU", "2", "0"),
    ("resources1:VCPU", "2", "0"),
    ("resources:CUSTOM_GOLD", "1", "0"),
)


@pytest.mark.parametrize(("word", "asking", "fine"), NOT_GIVEN)
def test_what_no_host_gives_is_refused_by_flavors_and_images_word(word, asking, fine):
    forms = [({word: value}, {}) for value in (asking, fine)]
    if word.startswith("hw:"):
        forms += [({}, {word.replace(":", "_"): value}) for value in (asking, fine)]
    for number, (specs, properties) in enumerate(forms):
        (asked,) = specs or properties
        if number % 2 == 0:
            refused(specs, properties, f"{asked} asks for ")
        not_offered.check(dict.fromkeys(specs, fine), dict.fromkeys(properties, fine))
    assert set(not_offered.ASKED) <= {row[0] for row in NOT_GIVEN}


def test_what_asks_for_no_hardware_passes():
    not_offered.check(
        {
            "resources:VCPU": "2",
            "resources:VGPU": "1",
            "quota:cpu_quota": "5",
            "x:y": "z",
            "quota:vif_inbound_average": "5",
            "quota:vif_inbound_burst": "9",
            "quota:vif_outbound_peak": "0",
            "hw:numa_nodes": "2",
            "hw:numa_cpus.1": "1",
        },
        {"os_distro": "debian", "hw_disk_type": "thin", "x": "y", "hw_machine_type": "q35"},
    )


@pytest.mark.parametrize(
    ("specs", "properties", "word"),
    [
        ({}, {"hw_disk_bus": "ide", "hw_machine_type": "pc-q35-7.2"}, "hw_disk_bus"),
        ({}, {"hw_cdrom_bus": "ide", "hw_machine_type": "q35"}, "hw_cdrom_bus"),
        ({"hw:usb_model": "none"}, {"hw_disk_bus": "usb"}, "hw_disk_bus"),
    ],
)
def test_buses_that_the_board_lacks_are_refused(specs, properties, word):
    refused(specs, properties, word)


def test_optional_secure_boot_is_a_wish_where_firmware_and_board_allow_it():
    def wished(properties, specs=None):
        found = of(specs, {"os_secure_boot": "optional", **properties})
        assert not found.secure_boot
        return found.secure_boot_wished, found.machine, found.firmware

    assert wished({"hw_firmware_type": "uefi"}) == (True, "q35", "uefi")
    newer = {"hw_firmware_type": "uefi", "hw_machine_type": "pc-q35-7.2"}
    assert wished(newer) == (True, "pc-q35-7.2", "uefi")
    assert wished({"hw_firmware_type": "uefi", "hw_machine_type": "pc"}) == (False, "pc", "uefi")
    assert wished({}) == (False, "pc", "bios")
    against = {"os:secure_boot": "disabled"}
    assert wished({"hw_firmware_type": "uefi"}, against) == (False, "pc", "uefi")


def test_queues_sound_and_usb():
    both = {"hw:vif_multiqueue_enabled": "true", "hw:sound_model": "ac97", "hw:usb_model": "none"}
    image = {"hw_sound_model": "ich9", "hw_time_hpet": "true", "hw_pointer_model": "usbtablet"}
    assert of(both, image).devices == Devices(
        queues=8, sound_model="ich9", usb_model="none", tablet=True, hpet=True
    )
    assert of({}, {"hw_vif_multiqueue_enabled": "yes"}, vcpus=2).devices.queues == 2
    assert of(both, vcpus=1).devices.queues == 0
    old = of({}, {"hw_sound_model": "pcspk", "hw_usb_model": "ehci"})
    assert old.devices == Devices(), "a guest that is there goes on without"
