# SPDX-License-Identifier: Apache-2.0
"""The drivers under test: each opened over real state, with a guest that boots in a moment."""

import dataclasses
import itertools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from fixtures import tiny_guest
from fixtures.libvirtd import PrivateLibvirt

from nova_appliance.common import ids
from nova_appliance.domain.guest import Disk, Guest, GuestSeen
from nova_appliance.virt import registry
from nova_appliance.virt.driver import Driver, ImageExpected, Unsupported
from nova_appliance.virt.settings import VirtSettings

IMAGE = ids.new_id()
RAW = ImageExpected(disk_format="raw")
_numbers = itertools.count(1)


@dataclasses.dataclass
class Bench:
    """A driver, how to open another one over the same state, and guests that are cleaned away."""

    driver: Driver
    open_another: Callable[[], Driver]
    state_dir: Path
    made: list[Guest] = dataclasses.field(default_factory=list)

    def guest(self, **changes) -> Guest:
        """A guest whose disks are ready."""
        guest = self.bare_guest(**changes)
        if not isinstance(self.driver.disks, Unsupported):
            self.driver.disks.create(guest)
        return guest

    def bare_guest(self, **changes) -> Guest:
        """A guest without disks on the host."""
        guest = Guest(
            server_id=ids.new_id(),
            name=f"instance-{next(_numbers):08x}",
            display_name='first <&> "server"',
            project_id="p",
            user_id="u",
            flavor_name="m1.tiny",
            vcpus=1,
            memory_mib=32,
            disks=(Disk(name="disk", size_gib=1, image_id=IMAGE),),
        )
        guest = msgspec.structs.replace(guest, **changes)
        self.made.append(guest)
        return guest

    def started(self, **changes) -> Guest:
        """A guest that runs."""
        guest = self.guest(**changes)
        self.driver.lifecycle.start_new(guest)
        return guest

    def see(self, guest: Guest) -> GuestSeen | None:
        return self.driver.lifecycle.find(guest.server_id)

    def clean(self):
        for guest in self.made:
            self.driver.lifecycle.destroy(guest.server_id)
            if not isinstance(self.driver.disks, Unsupported):
                self.driver.disks.remove(guest.server_id)
            if not isinstance(self.driver.moves, Unsupported):
                self.driver.moves.drop_kept(guest.server_id)


@pytest.fixture(scope="session")
def daemons():
    libvirtd = PrivateLibvirt()
    try:
        yield libvirtd.start()
    finally:
        libvirtd.stop()


@pytest.fixture(scope="session")
def open_qemu(daemons):
    settings = VirtSettings(
        host="qemu-host",
        state_dir=daemons.folder / "servers",
        uri=daemons.uri,
        uri_for_others=daemons.uri,
        virt_type="qemu",
    )
    return lambda: registry.load("libvirt", settings)


def make_bench(open_driver, state_dir):
    driver = open_driver()
    if not isinstance(driver.images, Unsupported):
        driver.images.store(IMAGE, [tiny_guest.image()], RAW)
    return Bench(driver, open_driver, state_dir)


@pytest.fixture
def qemu(open_qemu, daemons):
    bench = make_bench(open_qemu, daemons.folder / "servers")
    yield bench
    bench.clean()
    bench.driver.close()


@pytest.fixture(scope="session")
def bench_of():
    """Makes a bench of a way to open a driver, for tests with daemons of their own."""
    return make_bench


@pytest.fixture
def fake(tmp_path):
    settings = VirtSettings(host="fake-host", state_dir=tmp_path)
    return make_bench(lambda: registry.load("fake", settings), tmp_path)


@pytest.fixture
def fake_in_memory():
    return make_bench(lambda: registry.load("fake", VirtSettings(host="fake-host")), None)


@pytest.fixture
def libvirt_test():
    folder = Path(tempfile.mkdtemp())
    settings = VirtSettings(
        host="test-host", state_dir=folder, uri="test:///default", virt_type="test"
    )
    bench = make_bench(lambda: registry.load("libvirt", settings), folder)
    yield bench
    bench.clean()
    bench.driver.close()
    shutil.rmtree(folder)


@pytest.fixture(params=["fake", "fake_in_memory", "libvirt_test", "qemu"])
def bench(request):
    """Every driver."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["fake", "fake_in_memory", "qemu"])
def full_bench(request):
    """The drivers that have disks, images and consoles."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["fake", "qemu"])
def lasting_bench(request):
    """The drivers whose state survives the process."""
    return request.getfixturevalue(request.param)
