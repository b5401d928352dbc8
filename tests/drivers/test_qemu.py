# SPDX-License-Identifier: Apache-2.0
"""What only a real hypervisor shows: the guest's own deeds, its network card, libvirtd's end."""

import json
import re
import subprocess
import tempfile
from pathlib import Path

import msgspec
import pytest
from fixtures import tiny_guest
from fixtures.qemu_process import qemu_pid

from nova_appliance.common import errors, ids
from nova_appliance.common.clock import wait_for
from nova_appliance.domain.guest import Disk, PowerState, Vif, Volume
from nova_appliance.virt import registry
from nova_appliance.virt.driver import HypervisorFailed, ImageExpected
from nova_appliance.virt.libvirt import probe
from nova_appliance.virt.settings import VirtSettings

NETWORK_CARDS = Path("/sys/class/net")
MULTI_QUEUE = 0x100
"""Linux's IFF_MULTI_QUEUE."""


def boots(bench, guest):
    """How often the guest came up so far."""
    return bench.driver.consoles.output(guest.server_id, 4096).count(tiny_guest.SAYS)


@pytest.fixture
def running(qemu):
    guest = qemu.started()
    assert wait_for(lambda: boots(qemu, guest) == 1, 60)
    return guest


def test_an_obedient_guest_shuts_down_and_boots_again(qemu, running):
    assert qemu.driver.power.reboot_soft(running.server_id, 20) is True
    assert qemu.see(running).power_state == PowerState.RUNNING
    assert wait_for(lambda: boots(qemu, running) == 2, 60)


def test_a_deaf_guest_is_not_rebooted_softly_but_loses_its_power(qemu):
    deaf = ids.new_id()
    expected = ImageExpected(disk_format="raw")
    qemu.driver.images.store(deaf, [tiny_guest.image(deaf=True)], expected)
    guest = qemu.started(disks=(Disk(name="disk", size_gib=1, image_id=deaf),))
    assert wait_for(lambda: boots(qemu, guest) == 1, 60)
    assert qemu.driver.power.reboot_soft(guest.server_id, 0.5) is False
    assert qemu.see(guest).power_state == PowerState.RUNNING
    qemu.driver.power.off(guest.server_id, 0.5)
    assert qemu.see(guest).power_state == PowerState.SHUTDOWN


def test_a_guest_survives_the_death_of_libvirtd_and_is_found_again(qemu, running, daemons):
    daemons.kill_daemon()
    with pytest.raises(errors.Unavailable):
        qemu.see(running)
    daemons.start_daemon()
    assert qemu.see(running).power_state == PowerState.RUNNING
    assert boots(qemu, running) == 1
    qemu.driver.power.off(running.server_id, 20)
    assert qemu.see(running).power_state == PowerState.SHUTDOWN


def test_a_restart_of_libvirtd_between_two_calls_is_not_noticed(qemu, running, daemons):
    daemons.kill_daemon()
    daemons.start_daemon()
    assert [seen.server_id for seen in qemu.driver.lifecycle.list_()] == [running.server_id]


@pytest.fixture
def bridge():
    name = "tb" + ids.new_id()[:8]
    subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    yield name
    subprocess.run(["ip", "link", "delete", name], check=True)


def test_a_port_becomes_a_tap_device_in_its_bridge(qemu, bridge):
    vif = Vif(port_id=ids.new_id(), mac="fa:16:3e:11:22:33", bridge=bridge, mtu=1450)
    unplugged = Vif(port_id=ids.new_id(), mac="fa:16:3e:11:22:34", kind="none")
    guest = qemu.started(vifs=(vif, unplugged))
    tap = NETWORK_CARDS / vif.device
    assert (tap / "master").resolve().name == bridge
    assert (tap / "mtu").read_text().strip() == "1450"
    assert not (NETWORK_CARDS / unplugged.device).exists()
    qemu.driver.lifecycle.destroy(guest.server_id)
    assert not tap.exists()


def test_a_start_that_fails_leaves_neither_definition_nor_tap(qemu):
    # nobody but Open vSwitch makes its bridges
    vif = Vif(port_id=ids.new_id(), mac="fa:16:3e:11:22:33", bridge="no-such-bridge", kind="ovs")
    guest = qemu.guest(vifs=(vif,))
    with pytest.raises(HypervisorFailed, match="no-such-bridge"):
        qemu.driver.lifecycle.start_new(guest)
    assert qemu.see(guest) is None
    assert not (NETWORK_CARDS / vif.device).exists()


def test_a_bridge_that_cannot_be_made_fails_the_start_with_its_name(qemu):
    vif = Vif(port_id=ids.new_id(), mac="fa:16:3e:11:22:34", bridge="longer-than-a-device-may-be")
    guest = qemu.guest(vifs=(vif,))
    with pytest.raises(HypervisorFailed, match=vif.bridge):
        qemu.driver.lifecycle.start_new(guest)
    assert qemu.see(guest) is None


def test_disks_have_the_flavors_size_over_the_cached_image(qemu):
    swap = Disk(name="disk.swap", size_gib=0, size_mib=64, purpose="swap")
    whole = Disk(name="disk.whole", size_gib=0, image_id=qemu.bare_guest().disks[0].image_id)
    guest = qemu.bare_guest()
    qemu.driver.disks.create(_with(guest, disks=(*guest.disks, swap, whole)))
    folder = qemu.state_dir / guest.server_id
    facts = {name: _facts(folder / name) for name in ("disk", "disk.swap", "disk.whole")}
    sizes = {name: seen["virtual-size"] for name, seen in facts.items()}
    assert sizes == {"disk": 1 << 30, "disk.swap": 64 << 20, "disk.whole": 512}
    base = qemu.state_dir / "_base" / guest.disks[0].image_id
    assert facts["disk"]["backing-filename"] == str(base)
    assert facts["disk"]["backing-filename-format"] == "raw"


@pytest.mark.parametrize(
    ("machine", "bus", "video"),
    [
        ("pc", "ide", "vga"),
        ("pc", "usb", "cirrus"),
        ("q35", "sata", "virtio"),
        ("q35", "scsi", "bochs"),
    ],
)
def test_a_guest_boots_on_every_board_and_bus(qemu, machine, bus, video):
    root = msgspec.structs.replace(qemu.bare_guest().disks[0], bus=bus)
    guest = qemu.started(
        disks=(root,),
        config_drive={"a": "b"},
        image_properties={"hw_machine_type": machine, "hw_video_model": video},
    )
    assert wait_for(lambda: boots(qemu, guest) == 1, 60)


@pytest.mark.parametrize("stable", [False, True])
def test_a_rescued_guest_boots_from_the_rescue_disk(qemu, stable):
    dead = ids.new_id()
    qemu.driver.images.store(dead, [bytes(512)], ImageExpected(disk_format="raw"))
    own = Disk(name="disk", size_gib=1, image_id=dead)
    bus = "usb" if stable else "virtio"
    rescue = msgspec.structs.replace(
        qemu.bare_guest().disks[0], name="disk.rescue", size_gib=1, purpose="rescue",
        bus=bus,
    )  # fmt: skip
    guest = qemu.started(disks=(own, rescue) if stable else (rescue, own))
    assert wait_for(lambda: boots(qemu, guest) == 1, 60)
    qemu.driver.power.off(guest.server_id, 20)
    qemu.driver.disks.drop(guest.server_id, "disk.rescue")
    names = {path.name for path in (qemu.state_dir / guest.server_id).glob("disk*")}
    assert names == {"disk"}


def test_a_guest_on_a_volume_is_rescued_and_boots_from_it_again(qemu):
    """While it is rescued there is nothing on its volume that could boot."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "root"
        path.parent.chmod(0o755)  # QEMU runs as another user
        path.write_bytes(bytes(1 << 20))
        root = Volume(
            volume_id=ids.new_id(), device="vda", boot_index=0, kind="file", path=str(path)
        )
        rescue = msgspec.structs.replace(
            qemu.bare_guest().disks[0], name="disk.rescue", purpose="rescue", bus="usb"
        )
        guest = qemu.started(disks=(rescue,), volumes=(root,))
        assert wait_for(lambda: boots(qemu, guest) == 1, 60)
        qemu.driver.power.off(guest.server_id, 20)
        path.write_bytes(tiny_guest.image().ljust(1 << 20, b"\0"))
        qemu.driver.power.reboot_hard(msgspec.structs.replace(guest, disks=()))
        assert wait_for(lambda: boots(qemu, guest) == 2, 60)


ASKED = {
    "hw:cpu_sockets": "1",
    "hw:numa_nodes": "2",
    "hw:watchdog_action": "reset",
    "hw:pmu": "false",
    "hw_rng:rate_bytes": "4096",
    "quota:disk_total_iops_sec": "1000",
    "hw:vif_multiqueue_enabled": "true",
    "hw:sound_model": "ich9",
    "hw:usb_model": "qemu-xhci",
}


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_a_guest_boots_with_what_flavor_and_image_ask_for(qemu, bridge, machine):
    first = Vif(port_id=ids.new_id(), mac="fa:16:3e:11:22:50", bridge=bridge)
    guest = qemu.started(
        vcpus=2,
        vifs=(first,),
        extra_specs=ASKED,
        image_properties={"hw_machine_type": machine, "hw_qemu_guest_agent": "yes"},
    )
    assert wait_for(lambda: boots(qemu, guest) == 1, 60)
    flags = int((NETWORK_CARDS / first.device / "tun_flags").read_text(), 16)
    assert flags & MULTI_QUEUE, "the guest has not asked for its queues, but they are there"
    for number in range(4):
        vif = Vif(port_id=ids.new_id(), mac=f"fa:16:3e:11:22:4{number}", bridge=bridge)
        qemu.driver.interfaces.attach(guest.server_id, vif)
    assert len(qemu.driver.interfaces.plugged(guest.server_id)) == 5


def test_guests_have_processors_for_themselves_while_there_are_any(qemu, daemons):
    settings = VirtSettings(
        host="pinning", state_dir=daemons.folder / "servers", uri=daemons.uri, virt_type="qemu",
        dedicated_cpus=(0, 1),
    )  # fmt: skip
    pinning, dedicated = registry.load("libvirt", settings), {"hw:cpu_policy": "dedicated"}
    one, two = (qemu.guest(extra_specs=dedicated) for _ in range(2))
    both = qemu.guest(extra_specs=dedicated, vcpus=2)
    pinning.lifecycle.start_new(one)
    pinning.lifecycle.start_new(two)
    with pytest.raises(HypervisorFailed, match="has 0 free processors"):
        pinning.lifecycle.start_new(both)
    assert qemu.see(both) is None
    for guest in (one, two):
        pinning.lifecycle.destroy(guest.server_id)
    pinning.lifecycle.start_new(both)
    pinning.power.reboot_hard(both)
    assert qemu.see(both).power_state == PowerState.RUNNING
    pinning.close()


def test_a_guest_takes_no_more_for_translated_code_than_it_may(qemu, running):
    words = Path(f"/proc/{qemu_pid(running.server_id)}/cmdline").read_text().split("\0")
    assert "tcg,tb-size=128" in words[words.index("-accel") + 1]


def test_vnc_listens_on_loopback_only(qemu, running):
    ports = _listening(qemu_pid(running.server_id))
    assert ports
    assert {address for address, _ in ports} == {"127.0.0.1"}


def test_the_probe_guest_runs_to_its_end_under_emulation():
    assert probe.guest_ends_well("tcg", 20)


def test_the_probe_guest_does_not_end_well_without_its_accelerator():
    assert not probe.guest_ends_well("no-such-accelerator", 20)


def _with(guest, **changes):

    return msgspec.structs.replace(guest, **changes)


def _facts(disk):
    argv = ["qemu-img", "info", "--output=json", "-U", str(disk)]
    return json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)


def _listening(pid):
    """Addresses and ports on which a process listens, from its sockets in /proc."""
    sockets = {
        found[1]
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if (found := re.match(r"socket:\[(\d+)\]", str(link.readlink())))
    }
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {_address(row[1]) for row in rows if row[3] == "0A" and row[9] in sockets}


def _address(text):
    host, _, port = text.partition(":")
    return ".".join(str(b) for b in reversed(bytes.fromhex(host))), int(port, 16)
