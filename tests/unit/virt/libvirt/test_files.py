# SPDX-License-Identifier: Apache-2.0
"""Files on the host: folders, overlays, config drives, ends of logs."""

import stat
import subprocess
from pathlib import Path

import msgspec
import pytest

from nova_appliance.common import errors, ids
from nova_appliance.domain.guest import RESCUE_DISK, Disk, Guest
from nova_appliance.virt.driver import ImageExpected
from nova_appliance.virt.libvirt import config_drives, overlays
from nova_appliance.virt.libvirt.consoles import read_end
from nova_appliance.virt.libvirt.disks import LocalDisks, images_used
from nova_appliance.virt.libvirt.driver import takes_direct_io
from nova_appliance.virt.libvirt.folders import folders_of
from nova_appliance.virt.libvirt.images import ImageCache
from nova_appliance.virt.libvirt.space import GIB, disk_space, promised_bytes
from nova_appliance.virt.libvirt.xml.domain import HostTraits, disk_parts
from nova_appliance.virt.settings import VirtSettings

IMAGE = ids.new_id()


@pytest.fixture
def folders(tmp_path):
    return folders_of(VirtSettings(host="h", state_dir=tmp_path / "servers"))


@pytest.fixture
def images(folders):
    cache = ImageCache(folders, images_used)
    cache.store(IMAGE, [b"\1" * 4096], ImageExpected(disk_format="raw"))
    return cache


def guest(**changes):
    fields = {
        "server_id": ids.new_id(),
        "name": "n",
        "display_name": "n",
        "project_id": "p",
        "user_id": "u",
        "flavor_name": "f",
        "vcpus": 1,
        "memory_mib": 64,
        "disks": (Disk(name="disk", size_gib=0, size_mib=1, image_id=IMAGE),),
    }
    return Guest(**(fields | changes))


def test_raw_disks_are_copies_that_need_no_base(folders, images):
    disks, wanted = LocalDisks(folders, images, "raw"), guest()
    disks.create(wanted)
    content = (folders.server(wanted.server_id) / "disk").read_bytes()
    assert content == (b"\1" * 4096).ljust(1 << 20, b"\0")
    assert disks.images_used() == frozenset()
    images.remove(IMAGE)


def test_a_swap_disk_is_formatted_and_its_blank_is_made_once(folders, images):
    swap = Disk(name="disk.swap", size_gib=0, size_mib=8, purpose="swap")
    disks = LocalDisks(folders, images, "raw")
    wanted = [guest(disks=(swap,)) for _ in range(2)]
    disks.create(wanted[0])
    blank = folders.images / "blank-swap-8"
    made_at = blank.stat().st_mtime_ns
    disks.create(wanted[1])
    content = (folders.server(wanted[1].server_id) / "disk.swap").read_bytes()
    assert content[4086:4096] == b"SWAPSPACE2"
    assert blank.stat().st_mtime_ns == made_at
    assert [seen.image_id for seen in images.list_()] == [IMAGE]


def test_an_ephemeral_disk_has_a_file_system_with_the_label_that_guests_look_for(tmp_path):
    overlays.make_blank(tmp_path / "blank", "ephemeral", 4 << 20)
    content = (tmp_path / "blank").read_bytes()
    assert content[1080:1082] == b"\x53\xef"
    assert content[1144:1160].rstrip(b"\0") == b"ephemeral0"


@pytest.mark.parametrize("disk_format", ["qcow2", "raw"])
def test_sizes_are_read_as_qemu_img_tells_them(folders, images, disk_format):
    wanted = guest()
    LocalDisks(folders, images, disk_format).create(wanted)
    file = folders.server(wanted.server_id) / "disk"
    words = subprocess.check_output(
        ["qemu-img", "info", "-f", disk_format, "--output=json", str(file)]
    )
    told = msgspec.json.decode(words)
    seen = (overlays.virtual_bytes(file, disk_format), overlays.taken_bytes(file))
    assert seen == (told["virtual-size"], told["actual-size"])


def test_what_disks_may_still_grow_is_promised(folders, images):
    disks = LocalDisks(folders, images, "qcow2")
    made = [guest(disks=(Disk(name="disk", size_gib=1, image_id=IMAGE),)) for _ in range(2)]
    for one in made:
        disks.create(one)
    promised = promised_bytes(folders, "qcow2")
    assert (2 << 30) - (2 << 20) < promised < 2 << 30
    with (folders.server(made[0].server_id) / "disk").open("ab") as file:
        file.write(b"x" * (8 << 20))
    assert promised - promised_bytes(folders, "qcow2") in range(7 << 20, 9 << 20)
    (folders.server(made[1].server_id) / "disk").write_bytes(b"no disk")
    assert promised_bytes(folders, "qcow2") < 1 << 30


def test_room_that_was_promised_is_not_free(folders, images):
    """Also where nothing is yet."""
    whole, free = disk_space(folders, "raw")
    assert 0 <= free <= whole
    disks = LocalDisks(folders, images, "raw")
    disks.create(guest(disks=(Disk(name="disk", size_gib=1024, image_id=IMAGE),)))
    assert disk_space(folders, "raw")[1] - (free - 1024) in range(-1, 2)
    assert promised_bytes(folders, "raw") // GIB in (1023, 1024)


def test_a_half_made_disk_is_made_anew_and_whole_ones_stay(folders, images):
    disks, wanted = LocalDisks(folders, images, "qcow2"), guest()
    disks.create(wanted)
    folder = folders.server(wanted.server_id)
    (folder / "disk").rename(folder / "disk.part")
    (folder / "other").write_text("kept")
    disks.create(wanted)
    assert sorted(p.name for p in folder.iterdir()) == ["disk", "other"]
    before = (folder / "disk").stat().st_ino
    disks.create(wanted)
    assert (folder / "disk").stat().st_ino == before


def test_a_failed_creation_removes_only_a_folder_that_it_made(folders, images):
    disks = LocalDisks(folders, images, "qcow2")
    wanted = guest(config_drive={"../../escape": "x"})
    with pytest.raises(errors.Refused, match="cannot be the name of a file"):
        disks.create(wanted)
    assert not disks.exists(wanted.server_id)
    disks.create(guest(server_id=wanted.server_id))
    with pytest.raises(errors.Refused):
        disks.create(wanted)
    assert (folders.server(wanted.server_id) / "disk").exists()


def test_disks_and_config_drives_are_nobody_elses_to_read(folders, images):
    wanted = guest(config_drive={"openstack/latest/user_data": "secret"})
    LocalDisks(folders, images, "qcow2").create(wanted)
    for file in folders.server(wanted.server_id).iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folders.server(wanted.server_id).stat().st_mode) == 0o711


def test_a_rescued_guest_has_a_config_drive_of_its_own(folders, images):
    disks, host = LocalDisks(folders, images, "qcow2"), HostTraits(virt_type="qemu")
    usual = guest(config_drive={"openstack/latest/user_data": "usual"})
    rescue = Disk(name=RESCUE_DISK, size_gib=0, image_id=IMAGE, purpose="rescue")
    rescued = msgspec.structs.replace(
        usual,
        disks=(rescue, *usual.disks),
        config_drive={"openstack/latest/user_data": "a password"},
    )
    folder = folders.server(usual.server_id)

    def drive_of(told):
        return Path(disk_parts(told, host, folder)[-1].file)

    disks.create(usual)
    assert drive_of(rescued).name == "disk.config"  # an older release rescued it
    disks.create(rescued)
    assert b"a password" in drive_of(rescued).read_bytes()
    assert b"usual" in drive_of(usual).read_bytes()
    assert drive_of(usual).name == "disk.config"


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "", "a\0b"])
def test_names_on_the_config_drive_stay_inside(tmp_path, name):
    with pytest.raises(errors.Refused):
        config_drives.make(tmp_path / "iso", {name: b"x"})


def test_a_config_drive_has_its_label_and_its_files(tmp_path):
    iso = tmp_path / "iso"
    files = {
        "openstack/latest/meta_data.json": '{"a": "é"}'.encode(),
        "ec2/latest/user-data": b"#!/bin/sh",
    }
    config_drives.make(iso, files)
    assert iso.read_bytes()[32769 + 39 : 32769 + 47] == b"config-2"
    listed = subprocess.run(
        ["isoinfo", "-J", "-f", "-i", iso], check=True, capture_output=True, text=True
    ).stdout.split()
    assert {"/openstack/latest/meta_data.json", "/ec2/latest/user-data"} < set(listed)


def test_a_config_drive_of_fat_has_its_label_and_its_files(tmp_path):
    fat = tmp_path / "fat"
    files = {"openstack/latest/user_data": b"\x1f\x8b\xff\0", "ec2/latest/meta-data.json": b"{}"}
    config_drives.make(fat, files, "vfat")
    assert fat.stat().st_size == 64 * 1024**2
    ask = ["blkid", "-o", "value", "-s", "LABEL", fat]
    assert subprocess.run(ask, check=True, capture_output=True).stdout.strip() == b"config-2"
    for name, content in files.items():
        read = subprocess.run(["mtype", "-i", fat, f"::/{name}"], capture_output=True, check=True)
        assert read.stdout == content


def test_downloads_that_another_process_left_are_swept(folders, images):
    left = folders.images / f"{ids.new_id()}.download"
    left.write_text("half")
    images.sweep()
    assert not left.exists()
    assert images.has(IMAGE)


def test_an_id_that_is_none_is_no_path(folders):
    for name in ("..", "a/b", "", "_base"):
        with pytest.raises(errors.Invalid, match="is not an id"):
            folders.server(name)


def test_the_end_of_a_log(tmp_path):
    log = tmp_path / "log"
    assert read_end(log, 10) == b""
    log.write_bytes(b"0123456789")
    assert read_end(log, 4) == b"6789"
    assert read_end(log, 100) == b"0123456789"
    assert read_end(log, 0) == b""
    assert read_end(log, -1) == b""


def test_direct_io_is_tried_and_leaves_nothing(tmp_path, monkeypatch):
    assert isinstance(takes_direct_io(tmp_path / "new"), bool)
    assert list((tmp_path / "new").iterdir()) == []

    def refuse(*_args):
        raise OSError

    monkeypatch.setattr("os.open", refuse)
    assert takes_direct_io(tmp_path) is False
