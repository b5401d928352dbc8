# SPDX-License-Identifier: Apache-2.0
"""A guest that keeps counting moves between two hosts while it runs: no count is lost."""

import dataclasses
import itertools
import shutil
import subprocess
import tempfile
from pathlib import Path

import libvirt
import msgspec
import pytest
from fixtures import tiny_guest
from fixtures.libvirtd import PrivateLibvirt

from nova_appliance.common import ids
from nova_appliance.common.clock import wait_for
from nova_appliance.common.errors import Refused
from nova_appliance.domain.guest import Disk, Guest, PowerState, Vif, Volume
from nova_appliance.domain.journey import Journey
from nova_appliance.virt import registry
from nova_appliance.virt.driver import CannotNow, ImageExpected
from nova_appliance.virt.moves import MoveAborted, MoveFailed
from nova_appliance.virt.settings import LiveSettings, VirtSettings

pytestmark = pytest.mark.timeout(120)
IMAGE = ids.new_id()
_names = itertools.count(1)


@dataclasses.dataclass
class Host:
    """One of two hosts, each with a libvirtd and folders of its own."""

    daemon: PrivateLibvirt
    folder: Path

    def open(self, **live):
        settings = VirtSettings(
            host=self.folder.name,
            state_dir=self.folder,
            uri=self.daemon.uri,
            uri_for_others=self.daemon.uri_for_others,
            virt_type="qemu",
            live=LiveSettings(migrate_to="tcp://127.0.0.1", **live),
        )
        driver = registry.load("libvirt", settings)
        driver.images.store(IMAGE, [tiny_guest.counting_image()], ImageExpected(disk_format="raw"))
        return driver

    def counts(self, guest):
        """What the guest has printed on this host."""
        log = self.folder / guest.server_id / "console.log"
        lines = log.read_bytes().split(b"\n") if log.exists() else []
        return [int(line, 16) for line in lines[:-1] if len(line) == 8]


@pytest.fixture(scope="module")
def hosts(daemons):
    other = PrivateLibvirt()
    try:
        other.start()
        yield Host(daemons, daemons.folder / "h1"), Host(other, other.folder / "h2")
    finally:
        other.stop()


@pytest.fixture
def started(hosts):
    """Start a guest on the first host; both hosts forget it in the end."""
    made = []

    def start(*more, filled_mib=0, **changes):
        disks = (Disk(name="disk", size_gib=1, image_id=IMAGE), *more)
        guest = Guest(
            server_id=ids.new_id(),
            name=f"counting-{next(_names)}",
            display_name="counts",
            project_id="p",
            user_id="u",
            flavor_name="f",
            vcpus=1,
            memory_mib=32,
            disks=disks,
            **changes,
        )
        made.append(guest)
        driver = hosts[0].open()
        driver.disks.create(guest)
        if filled_mib:
            disk = hosts[0].folder / guest.server_id / "disk"
            write = f"write -P 7 256M {filled_mib}M"
            argv = ["qemu-io", "-f", "qcow2", "-c", write, str(disk)]
            subprocess.run(argv, check=True, capture_output=True)
        driver.lifecycle.start_new(guest)
        assert wait_for(lambda: len(hosts[0].counts(guest)) > 5, 60, 0.1)
        return guest

    yield start
    for guest in made:
        for host in hosts:
            driver = host.open()
            driver.lifecycle.destroy(guest.server_id)
            driver.disks.remove(guest.server_id)


def prepare(hosts, guest, **live):
    """Both drivers, and what the target has ready."""
    source, target = hosts[0].open(**live), hosts[1].open()
    passport = source.live.passport(guest, Journey(source="h1", target="h2"))
    for _ in range(2):
        welcome = target.live.admit(guest, passport, shared=False)
    return source, target, welcome


def power(driver, guest):
    seen = driver.lifecycle.find(guest.server_id)
    return seen.power_state if seen else None


@pytest.mark.parametrize("extra", [(), (Disk(name="disk.eph0", size_gib=1, purpose="ephemeral"),)])
def test_no_count_is_lost(hosts, started, extra):
    guest = started(*extra, config_drive={"openstack/a": "b"})
    source, target, welcome = prepare(hosts, guest)
    assert welcome.whole == bool(extra)
    source.live.go(guest, welcome, lambda _progress: None)
    assert (power(source, guest), power(target, guest)) == (None, PowerState.RUNNING)
    there = hosts[1].counts
    assert wait_for(lambda: len(there(guest)) > 10, 60, 0.1)
    counts = hosts[0].counts(guest) + there(guest)
    missing = set(range(counts[0], counts[-1])) - set(counts)
    # the line that was being printed when the guest left is in two halves
    assert len(missing) <= 1
    assert len(counts) == len(set(counts))
    drives = [(host.folder / guest.server_id / "disk.config").read_bytes() for host in hosts]
    assert drives[0] == drives[1]
    connection = libvirt.open(hosts[1].daemon.uri)
    told = connection.lookupByUUIDString(guest.server_id).jobStats(
        libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED
    )
    connection.close()
    print(f"downtime {told['downtime']} ms, {told['time_elapsed']} ms in all")
    assert 0 <= told["downtime"] < 2000
    source.live.go(guest, welcome, lambda _progress: None)  # it has gone already
    target.power.off(guest.server_id, 0)
    target.power.on(guest)
    assert power(target, guest) == PowerState.RUNNING


def test_disks_that_both_hosts_see_are_not_copied(hosts, started):
    same = Host(hosts[1].daemon, hosts[1].daemon.folder / "same")
    same.folder.symlink_to(hosts[0].folder)
    guest = started(config_drive={"openstack/a": "b"})
    disk = hosts[0].folder / guest.server_id / "disk"
    before, printed = disk.stat().st_ino, hosts[0].counts(guest)
    source, target = hosts[0].open(), same.open()
    passport = source.live.passport(guest, Journey(source="h1", target="same"))
    welcome = target.live.admit(guest, passport, shared=True)
    assert (welcome.shared, welcome.whole) == (True, False)
    source.live.go(guest, welcome, lambda _progress: None)
    assert (power(source, guest), power(target, guest)) == (None, PowerState.RUNNING)
    assert wait_for(lambda: len(same.counts(guest)) > 10, 60, 0.1)
    counts = same.counts(guest)
    assert counts == sorted(set(counts))
    assert counts[-1] > printed[-1]
    assert disk.stat().st_ino == before
    target.power.off(guest.server_id, 0)
    target.power.on(guest)
    assert power(target, guest) == PowerState.RUNNING
    target.lifecycle.destroy(guest.server_id)
    assert disk.exists()
    same.folder.unlink()


def test_an_aborted_guest_counts_on_where_it_is(hosts, started):
    """Its disk takes so long that no busy machine is too late with the order."""
    guest = started(filled_mib=24)
    source, target, welcome = prepare(hosts, guest, bandwidth_mib_s=1)
    with pytest.raises(MoveAborted):
        source.live.go(guest, welcome, lambda _progress: "abort")
    assert (power(source, guest), power(target, guest)) == (PowerState.RUNNING, None)
    before = len(hosts[0].counts(guest))
    assert wait_for(lambda: len(hosts[0].counts(guest)) > before + 5, 60, 0.1)


def test_a_guest_in_haste_is_held_until_all_is_sent(hosts, started):
    guest = started()
    source, target, welcome = prepare(hosts, guest, bandwidth_mib_s=1)
    source.live.go(guest, welcome, lambda _progress: "force")
    assert (power(source, guest), power(target, guest)) == (None, PowerState.RUNNING)


def test_a_target_that_is_gone_leaves_the_guest_here(hosts, started):
    guest = started()
    source, _, welcome = prepare(hosts, guest)
    hosts[1].daemon.kill_daemon()
    try:
        with pytest.raises(MoveFailed):
            source.live.go(guest, welcome, lambda _progress: None)
    finally:
        hosts[1].daemon.start_daemon()
    assert power(source, guest) == PowerState.RUNNING


def test_a_guest_that_is_off_cannot_go(hosts, started):
    guest = started()
    source = hosts[0].open()
    source.power.off(guest.server_id, 0)
    with pytest.raises(CannotNow):
        source.live.passport(guest, Journey(source="h1", target="h2"))


def volume_on(host, folder):
    """The same file as this host names it: each has a folder of its own for volumes."""
    place = host.folder / "volumes"
    if not place.exists():
        place.symlink_to(folder)
    return str(place / "volume")


def test_volumes_are_not_copied_but_found_where_the_target_has_them(hosts, started):
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)  # QEMU runs as another user
    (folder / "volume").write_bytes(b"kept" * 1024)
    places = [volume_on(host, folder) for host in hosts]
    volume = Volume(volume_id=ids.new_id(), device="vdb", kind="file", path=places[0])
    guest = started(volumes=(volume,))
    source, target = hosts[0].open(), hosts[1].open()
    passport = source.live.passport(guest, Journey(source="h1", target="h2"))
    assert passport.volumes == {volume.volume_id: places[0]}
    there = msgspec.structs.replace(volume, path=places[1])
    arriving = msgspec.structs.replace(guest, volumes=(there,))
    welcome = target.live.admit(arriving, passport, shared=False)
    source.live.go(guest, welcome, lambda _progress: None)
    assert power(target, guest) == PowerState.RUNNING
    assert target.volumes.plugged(guest.server_id) == {volume.volume_id}
    connection = libvirt.open(hosts[1].daemon.uri)
    xml = connection.lookupByUUIDString(guest.server_id).XMLDesc(0)
    connection.close()
    assert places[1] in xml
    assert places[0] not in xml
    assert (folder / "volume").read_bytes() == b"kept" * 1024
    target.lifecycle.destroy(guest.server_id)
    for host in hosts:
        (host.folder / "volumes").unlink()
    shutil.rmtree(folder)


def test_a_volume_that_the_target_does_not_reach_keeps_the_guest_here(hosts, started, tmp_path):
    guest = started()
    passport = hosts[0].open().live.passport(guest, Journey(source="h1", target="h2"))
    gone = Volume(volume_id=ids.new_id(), device="vdb", kind="file", path=str(tmp_path / "no"))
    arriving = msgspec.structs.replace(guest, volumes=(gone,))
    with pytest.raises(Refused, match="is not to be had on this host"):
        hosts[1].open().live.admit(arriving, passport, shared=False)


def test_a_target_without_the_bridge_of_a_port_makes_it(hosts, started):
    """No other server of that network has been there."""
    guest, name = started(), f"brq{ids.new_id()[:8]}"
    vif = Vif(port_id=ids.new_id(), mac="fa:16:3e:11:22:35", bridge=name)
    try:
        prepare(hosts, msgspec.structs.replace(guest, vifs=(vif,)))
        assert Path("/sys/class/net", name).exists()
    finally:
        subprocess.run(["ip", "link", "del", name], check=False, capture_output=True)
