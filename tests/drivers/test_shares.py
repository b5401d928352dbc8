# SPDX-License-Identifier: Apache-2.0
"""What every driver that can keeps of virt.shares.Shares."""

import shutil
import tempfile
from pathlib import Path

import pytest

from nova_appliance.common import ids
from nova_appliance.common.errors import Refused, Unavailable
from nova_appliance.domain.guest import PowerState, Share
from nova_appliance.virt.libvirt import shares as libvirt_shares
from nova_appliance.virt.libvirt.shares import LibvirtShares


def share(**fields):
    facts = {"share_id": ids.new_id(), "tag": "data", "export": "192.0.2.1:/data"}
    return Share(**facts | fields)


@pytest.fixture
def folder():
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)  # QEMU runs as another user
    yield made
    shutil.rmtree(made)


def test_a_guest_starts_with_a_share(full_bench, folder):
    """The folder is one of this machine: what mounts it is tried below."""
    guest = full_bench.started(shares=(share(path=str(folder)),))
    assert full_bench.see(guest).power_state == PowerState.RUNNING
    full_bench.driver.power.off(guest.server_id, 0)
    full_bench.driver.power.on(guest)
    assert full_bench.see(guest).power_state == PowerState.RUNNING


def test_the_fake_mounts_until_no_guest_has_it(fake):
    one = share()
    shares, known = fake.driver.shares, fake.driver.lifecycle.hypervisor
    told = shares.mount(one)
    assert told.path
    guest = fake.started(shares=(told,))
    shares.unmount(one)
    assert known.mounted == {one.share_id}
    fake.driver.power.off(guest.server_id, 0)
    for _ in range(2):
        shares.unmount(one)
        assert known.mounted == set()


@pytest.fixture
def runs(monkeypatch):
    """What would be run; a mounted folder is one that `mount` was run for."""
    known = []
    mounted = set()

    def run(argv, **_options):
        known.append(list(argv))
        if argv[0] == "mount":
            mounted.add(argv[-1])
        else:
            mounted.discard(argv[-1])
        return ""

    monkeypatch.setattr(libvirt_shares, "run", run)
    monkeypatch.setattr(Path, "is_mount", lambda path: str(path) in mounted)
    monkeypatch.setattr(shutil, "which", lambda name, path="": f"{path or '/usr/bin'}/{name}")
    return known


def test_libvirt_mounts_once_and_lets_go_once(runs, folder):
    one, shares = share(), LibvirtShares(folder / "mnt")
    place = str(folder / "mnt" / one.share_id)
    for _ in range(2):
        assert shares.mount(one).path == place
    assert runs == [["mount", "-t", "nfs", "--", one.export, place]]
    for _ in range(2):
        shares.unmount(one)
    assert runs[1:] == [["umount", place]]
    assert list((folder / "mnt").iterdir()) == []


def test_libvirt_says_what_it_cannot(runs, folder, monkeypatch):
    shares = LibvirtShares(folder)
    with pytest.raises(Refused, match="not CIFS"):
        shares.mount(share(protocol="CIFS"))
    monkeypatch.setattr(shutil, "which", lambda *_names, **_more: None)
    with pytest.raises(Refused, match="virtiofsd"):
        shares.mount(share())


def test_a_share_that_does_not_answer_is_unavailable(runs, folder, monkeypatch):
    def fails(argv, **_options):
        raise libvirt_shares.ProgramFailed(argv, 32, "mount.nfs: Connection refused")

    monkeypatch.setattr(libvirt_shares, "run", fails)
    with pytest.raises(Unavailable, match="Connection refused"):
        LibvirtShares(folder).mount(share())
