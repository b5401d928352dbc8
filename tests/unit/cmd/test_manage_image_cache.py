# SPDX-License-Identifier: Apache-2.0
"""nova-manage image_cache list: what a compute host has fetched, and who needs it, without a database."""

import datetime as dt
import os
import shutil
import subprocess

import pytest

from nova_appliance.cmd import manage
from nova_appliance.common.errors import Unavailable
from nova_appliance.domain.guest import Disk, Guest
from nova_appliance.virt.driver import ImageExpected
from nova_appliance.virt.libvirt import cached
from nova_appliance.virt.libvirt.disks import LocalDisks, images_used
from nova_appliance.virt.libvirt.folders import folders_of
from nova_appliance.virt.libvirt.images import ImageCache
from nova_appliance.virt.settings import VirtSettings

USED, UNUSED, COMING, BAD = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "1234")
ONE, OTHER = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "ab")
LONG_AGO = dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC).timestamp()


@pytest.fixture
def folders(tmp_path):
    return folders_of(VirtSettings(host="h", state_dir=tmp_path / "instances"))


@pytest.fixture
def disks(folders, tmp_path):
    """Two images, both long here; a qcow2 one and a raw one."""
    images = ImageCache(folders, images_used)
    argv = ["qemu-img", "create", "-q", "-f", "qcow2", str(tmp_path / "image"), "8M"]
    subprocess.run(argv, check=True)
    qcow2 = ImageExpected(disk_format="qcow2")
    images.store(USED, [(tmp_path / "image").read_bytes()], qcow2)
    images.store(UNUSED, [b"\1" * 4096], ImageExpected(disk_format="raw"))
    for image in (USED, UNUSED):
        os.utime(folders.image(image), (LONG_AGO, LONG_AGO))
    return LocalDisks(folders, images, "qcow2")


def _server(disks, server_id):
    disks.create(
        Guest(
            server_id=server_id, name="n", display_name="n", project_id="p", user_id="u",
            flavor_name="f", vcpus=1, memory_mib=64,
            disks=(Disk(name="disk", size_gib=0, size_mib=16, image_id=USED),),
        )
    )  # fmt: skip


def _ask(tmp_path, capsys, *words):
    (tmp_path / "nova.conf").write_text(f"[DEFAULT]\ninstances_path = {tmp_path}/instances\n")
    code = manage.main(["--config-file", str(tmp_path / "nova.conf"), "image_cache", "list"])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_real_overlays_are_counted_and_a_disk_that_is_made_is_a_use(folders, disks):
    before = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
    for server in (ONE, OTHER):
        _server(disks, server)
    used, unused = cached.look(folders)
    assert (used.image_id, used.state, used.disk_format) == (USED, cached.WHOLE, "qcow2")
    assert (used.virtual_bytes, used.servers, used.moved) == (8 << 20, (ONE, OTHER), ())
    assert used.taken_at >= before
    assert used.on_disk_bytes >= 4096
    assert (unused.image_id, unused.disk_format, unused.servers) == (UNUSED, "raw", ())
    assert unused.taken_at == dt.datetime(2020, 1, 2, 3, 4, 5)


def test_disks_that_are_kept_of_a_server_that_moved_are_told_apart(folders, disks):
    _server(disks, ONE)
    folders.server(ONE).rename(folders.kept(ONE))
    used = cached.look(folders)[0]
    assert (used.servers, used.moved) == ((), (ONE,))


def test_what_comes_what_is_missing_and_what_must_not_be_opened_is_said(folders, disks):
    _server(disks, ONE)
    folders.image(USED).unlink()
    folders.image(COMING).with_name(COMING + ".download").write_bytes(b"x")
    folders.image(BAD).write_bytes(b"QFI\xfb")
    (folders.images / "blank-swap-8").write_bytes(b"")
    found = {one.image_id: one for one in cached.look(folders)}
    assert set(found) == {USED, UNUSED, COMING, BAD}
    assert (found[USED].state, found[USED].servers) == (cached.MISSING, (ONE,))
    assert found[COMING].state == cached.COMING
    assert found[BAD].state.startswith(f"Image {BAD}")


def test_the_table_names_images_and_servers(tmp_path, capsys, folders, disks):
    _server(disks, ONE)
    folders.server(ONE).rename(folders.kept(ONE))
    _server(disks, OTHER)
    code, out, _ = _ask(tmp_path, capsys)
    assert code == 0
    line = next(line for line in out.splitlines() if USED in line)
    assert [cell.strip() for cell in line.strip("│").split("│")][1:3] == ["whole", "qcow2"]
    assert OTHER in out
    assert f"{ONE} (moved)" in out
    assert "2020-01-02 03:04:05" in next(line for line in out.splitlines() if UNUSED in line)


def test_a_host_without_images_says_so(tmp_path, capsys):
    assert _ask(tmp_path, capsys)[:2] == (
        0,
        f"There are no images in {tmp_path}/instances/_base.\n",
    )


def test_a_host_of_fake_guests_says_so(tmp_path, capsys):
    (tmp_path / "nova.conf").write_text("[DEFAULT]\ncompute_driver = fake\n")
    code = manage.main(["--config-file", str(tmp_path / "nova.conf"), "image_cache", "list"])
    assert (code, "fake driver" in capsys.readouterr().err) == (1, True)


def test_options_that_are_not_there_are_said_in_a_sentence(tmp_path, capsys):
    code = manage.main(["--config-file", str(tmp_path / "none.conf"), "image_cache", "list"])
    said = capsys.readouterr()
    assert (code, said.out, "none.conf" in said.err) == (1, "", True)


def test_a_folder_that_changes_meanwhile_is_looked_at_again(folders, disks, monkeypatch):
    _server(disks, ONE)
    looks = []

    def vanishing(given):
        looks.append(given)
        if len(looks) < 3:
            raise FileNotFoundError
        return {}

    monkeypatch.setattr(cached, "image_users", vanishing)
    assert len(cached.look(folders)) == 2
    looks.clear()
    monkeypatch.setattr(cached, "_LOOKS", 2)
    with pytest.raises(Unavailable, match="ask again"):
        cached.look(folders)


def test_an_image_that_was_removed_is_gone_from_the_list(folders, disks):
    _server(disks, ONE)
    shutil.rmtree(folders.server(ONE))
    disks.images.remove(USED)
    assert [one.image_id for one in cached.look(folders)] == [UNUSED]
