# SPDX-License-Identifier: Apache-2.0
"""Whole definitions against golden files, and names that try to break out of them."""

from pathlib import Path

import pytest
from lxml import etree

from nova_appliance.common import errors
from nova_appliance.domain.guest import Disk, Guest, Vif, Volume
from nova_appliance.virt.libvirt.xml.domain import HostTraits, domain_xml
from nova_appliance.virt.libvirt.xml.metadata import NAMESPACE

GOLDEN = Path(__file__).parent / "golden"
SERVER = "7f3c2d10-0a1b-4c2d-8e3f-405162738495"
MORE = "8f3c2d10-0a1b-4c2d-8e3f-405162738496"
SERIAL_PORT = 10001
FOLDER = Path("/var/lib/nova/instances") / SERVER
HOSTILE = "</name><devices/>&amp;\"'\x00\x1b[31m\ud800\uffff<!--é"


def make(**changes):
    fields = {
        "server_id": SERVER,
        "name": "instance-00000001",
        "display_name": "web <1> & co",
        "project_id": "p1",
        "user_id": "u1",
        "flavor_name": "m1.tiny",
        "vcpus": 1,
        "memory_mib": 512,
        "disks": (Disk(name="disk", size_gib=1, image_id=SERVER),),
    }
    return Guest(**(fields | changes))


FULL = {
    "vcpus": 4,
    "disks": (
        Disk(name="disk", size_gib=20, image_id=SERVER),
        Disk(name="disk.eph0", size_gib=5, purpose="ephemeral"),
        Disk(name="disk.swap", size_gib=0, size_mib=512, purpose="swap", bus="scsi"),
    ),
    "vifs": (
        Vif(
            port_id="1d2f1c3b-aaaa-4bbb-8ccc-000000000000",
            mac="fa:16:3e:00:00:01",
            bridge="brq01",
            mtu=1450,
        ),
        Vif(
            port_id="2d2f1c3b-aaaa-4bbb-8ccc-000000000000",
            mac="fa:16:3e:00:00:02",
            bridge="brq02",
            model="e1000",
            mtu=0,
        ),
        Vif(
            port_id="3d2f1c3b-aaaa-4bbb-8ccc-000000000000",
            mac="fa:16:3e:00:00:03",
            kind="none",
        ),
    ),
    "config_drive": {"openstack/latest/meta_data.json": "{}"},
}

HARDWARE = {
    "vcpus": 4,
    "extra_specs": {
        "hw:cpu_cores": "2",
        "hw:numa_nodes": "2",
        "hw:mem_page_size": "2MB",
        "hw:locked_memory": "true",
        "hw:hide_hypervisor_id": "true",
        "hw:pmu": "false",
        "hw:watchdog_action": "reset",
        "hw:boot_menu": "true",
        "hw_rng:rate_bytes": "4096",
        "hw_video:ram_max_mb": "64",
        "quota:cpu_shares": "512",
        "quota:cpu_period": "20000",
        "quota:cpu_quota": "10000",
        "quota:disk_read_bytes_sec": "1000000",
        "quota:disk_total_iops_sec": "500",
    },
    "image_properties": {
        "hw_cdrom_bus": "scsi",
        "hw_video_model": "qxl",
        "hw_video_ram": "32",
        "hw_qemu_guest_agent": "yes",
    },
    "vifs": (
        Vif(
            port_id="1d2f1c3b-aaaa-4bbb-8ccc-000000000000",
            mac="fa:16:3e:00:00:01",
            bridge="brq01",
            limits={"inbound_average": 100, "inbound_burst": 500, "outbound_average": 200},
        ),
    ),
}
SECURE = {
    "extra_specs": {"os:secure_boot": "required", "hw_rng:allowed": "false"},
    "image_properties": {"hw_machine_type": "q35", "hw_firmware_type": "uefi"},
}
WISHED = {"image_properties": {"hw_firmware_type": "uefi", "os_secure_boot": "optional"}}
DEVICES = {
    "vcpus": 4,
    "vifs": FULL["vifs"],
    "extra_specs": {
        "hw:vif_multiqueue_enabled": "true",
        "hw:sound_model": "ich9",
        "hw:usb_model": "qemu-xhci",
    },
    "image_properties": {"hw_pointer_model": "usbtablet", "hw_time_hpet": "true"},
}
RESCUED = {
    "disks": (Disk(name="disk.rescue", size_gib=0, image_id=SERVER, purpose="rescue", bus="usb"),),
    "volumes": (
        Volume(volume_id=SERVER, device="vda", boot_index=0, kind="file", path="/volumes/root"),
        Volume(volume_id=MORE, device="vdb", boot_index=1, kind="file", path="/volumes/more"),
    ),
}

CASES = {
    # golden file: host, guest
    "kvm": (HostTraits(virt_type="kvm", keymap="de"), make(**FULL)),
    "qemu": (HostTraits(virt_type="qemu", translation_mib=128, cache="writeback"), make()),
    "qemu_q35_raw": (
        HostTraits(virt_type="qemu", cpu_mode="none", disk_format="raw"),
        make(
            config_drive={},
            image_properties={"hw_machine_type": "q35", "hw_video_model": "vga"},
        ),
    ),
    "kvm_custom_cpu": (
        HostTraits(virt_type="kvm", cpu_mode="custom", cpu_model="EPYC-Rome", vnc_listen="0.0.0.0"),
        make(),
    ),
    "kvm_hardware": (HostTraits(virt_type="kvm"), make(**(FULL | HARDWARE))),
    "kvm_secure_q35": (HostTraits(virt_type="kvm"), make(**SECURE)),
    "kvm_wished_can": (HostTraits(virt_type="kvm", has_secure_boot=True), make(**WISHED)),
    "kvm_wished_cannot": (HostTraits(virt_type="kvm"), make(**WISHED)),
    "qemu_devices": (HostTraits(virt_type="qemu"), make(**DEVICES)),
    "kvm_without_usb": (
        HostTraits(virt_type="kvm"),
        make(extra_specs={"hw:usb_model": "none"}),
    ),
    "qemu_rescued_on_volume": (HostTraits(virt_type="qemu"), make(**RESCUED)),
    "qemu_secure_consoles": (
        HostTraits(
            virt_type="qemu",
            spice_listen="192.0.2.21",
            spice_secure=True,
            serial_listen="192.0.2.21",
            serial_secure=True,
        ),
        make(),
    ),
    "test": (HostTraits(virt_type="test", vnc_listen=""), make(**FULL)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_definition_is_the_golden_one(name):
    host, guest = CASES[name]
    port = SERIAL_PORT if host.serial_listen else 0
    assert domain_xml(guest, host, FOLDER, port) == (GOLDEN / f"{name}.xml").read_text()


@pytest.mark.parametrize("name", CASES)
def test_a_definition_keeps_libvirts_schema(name):
    schema = etree.RelaxNG(file="/usr/share/libvirt/schemas/domain.rng")
    schema.assertValid(etree.parse(GOLDEN / f"{name}.xml"))


def test_names_are_text_whatever_is_in_them():
    guest = make(display_name=HOSTILE, flavor_name=HOSTILE, project_id=HOSTILE, user_id=HOSTILE)
    root = etree.fromstring(domain_xml(guest, HostTraits(virt_type="kvm"), FOLDER))
    assert len(root.findall("devices")) == 1
    said = root.findtext(f"metadata/{{{NAMESPACE}}}server/{{{NAMESPACE}}}name")
    assert said == HOSTILE.translate({0: 0xFFFD, 0x1B: 0xFFFD, 0xD800: 0xFFFD, 0xFFFF: 0xFFFD})


def test_the_path_of_a_disk_is_one_attribute():
    guest = make(disks=(Disk(name="a'/><x y=\"", size_gib=1),))
    root = etree.fromstring(domain_xml(guest, HostTraits(virt_type="kvm"), FOLDER))
    assert root.find("devices/disk/source").get("file") == str(FOLDER / "a'/><x y=\"")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"disks": (Disk(name="d", size_gib=1, bus="floppy"),)}, "no disk bus 'floppy'"),
        ({"disks": tuple(Disk(name=f"d{i}", size_gib=1) for i in range(27))}, "at most 26"),
        ({"vifs": (Vif(port_id=SERVER, mac="m", kind="hw_veb", bridge="b"),)}, "bound as 'hw_veb'"),
        ({"vifs": (Vif(port_id=SERVER, mac="m"),)}, "plugs into bridges"),
        ({"vifs": (Vif(port_id=SERVER, mac="m", bridge="b", model="x"),)}, "no network card 'x'"),
        ({"image_properties": {"hw_video_model": "x"}}, "no video model 'x'"),
        ({"image_properties": {"hw_machine_type": "x"}, "config_drive": {}}, "machine type 'x'"),
    ],
)
def test_what_cannot_be_built_is_refused_with_the_reason(changes, sentence):
    with pytest.raises(errors.Refused, match=sentence):
        domain_xml(make(**changes), HostTraits(virt_type="kvm"), FOLDER)


def test_open_vswitch_is_told_which_port_of_neutron_it_is():
    vif = Vif(port_id=SERVER, mac="fa:16:3e:00:00:01", kind="ovs", bridge="br-int")
    root = etree.fromstring(domain_xml(make(vifs=(vif,)), HostTraits(virt_type="kvm"), FOLDER))
    (card,) = root.iterfind("devices/interface")
    assert (card.get("type"), card.find("source").get("bridge")) == ("bridge", "br-int")
    assert card.find("virtualport").get("type") == "openvswitch"
    assert card.find("virtualport/parameters").get("interfaceid") == SERVER
    assert card.find("target").get("dev") == vif.device


def test_an_unknown_cpu_mode_is_refused():
    with pytest.raises(errors.Invalid, match="cpu_mode 'turbo'"):
        domain_xml(make(), HostTraits(virt_type="kvm", cpu_mode="turbo"), FOLDER)
