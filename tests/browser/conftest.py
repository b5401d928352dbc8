# SPDX-License-Identifier: Apache-2.0
"""A real guest under QEMU, the proxies over it, and Debian's Chromium without a screen.

QEMU asks for certificates, as in a cluster with TLS: every test goes by VeNCrypt or SPICE's TLS.
With --pictures FOLDER the tests leave pictures of the consoles there (docs/images has them).
"""

import dataclasses
import io
from pathlib import Path

import libvirt
import numpy as np
import pytest
from fixtures.chromium import chromium
from fixtures.console_stage import one_test, stage
from fixtures.pki import Pki
from fixtures.secure_libvirt import secure_libvirt, settings, trust
from PIL import Image

from nova_appliance.common import ids
from nova_appliance.common.clock import wait_for
from nova_appliance.domain.guest import Disk, Guest
from nova_appliance.embedded import guest as tiny
from nova_appliance.virt import registry
from nova_appliance.virt.driver import ImageExpected


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    made = Pki(tmp_path_factory.mktemp("pki")).begin()
    for name in ("qemu", "proxy"):
        made.host(name, "127.0.0.1")
    return made


@pytest.fixture(scope="session")
def daemons(pki):
    libvirtd = secure_libvirt(pki)
    try:
        yield libvirtd.start()
    finally:
        libvirtd.stop()


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    return tiny.cached(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="session")
def driver(daemons):
    made = registry.load("libvirt", settings(daemons))
    yield made
    made.close()


@pytest.fixture(scope="session")
def whole_stage(tmp_path_factory, driver, pki):
    with stage(tmp_path_factory.mktemp("consoles")) as made:
        made.driver = driver
        trust(made.cloud.conf, pki)
        yield made


@pytest.fixture
def consoles(whole_stage):
    with one_test(whole_stage) as made:
        yield made


@dataclasses.dataclass
class Running:
    """A server whose guest runs."""

    server: object
    guest: Guest
    driver: object
    uri: str

    def said(self):
        return self.driver.consoles.output(self.guest.server_id, 65536).decode(errors="replace")

    def hear(self, words, timeout_s=180):
        assert wait_for(lambda: words in self.said(), timeout_s, 0.2), self.said()[-2000:]

    def screenshot(self):
        """What QEMU shows now, by libvirt: rows of RGB pixels."""
        connection = libvirt.open(self.uri)
        try:
            domain = connection.lookupByUUIDString(self.guest.server_id)
            stream = connection.newStream()
            domain.screenshot(stream, 0)
            data = bytearray()
            stream.recvAll(lambda _stream, got, into: into.extend(got), data)
            stream.finish()
        finally:
            connection.close()
        return np.asarray(Image.open(io.BytesIO(bytes(data))).convert("RGB"))


def boot(driver, consoles, image, uri, **changes):
    image_id = ids.new_id()
    size = image.stat().st_size
    with image.open("rb") as file:
        expected = ImageExpected(disk_format="qcow2", size_bytes=size)
        driver.images.store(image_id, iter(lambda: file.read(1 << 20), b""), expected)
    server = consoles.add_server(name="first <server>", **changes)
    guest = Guest(
        server_id=server.id, name=f"instance-{server.id[:8]}", display_name="first",
        project_id="p", user_id="u", flavor_name="m1.tiny", vcpus=1, memory_mib=128,
        disks=(Disk(name="disk", size_gib=1, image_id=image_id),),
    )  # fmt: skip
    driver.disks.create(guest)
    driver.lifecycle.start_new(guest)
    return Running(server, guest, driver, uri)


@pytest.fixture(scope="session")
def running(driver, whole_stage, image, daemons):
    """A guest that has booted to its shells; shared by the tests that leave it running."""
    made = boot(driver, whole_stage, image, daemons.uri)
    made.hear("root@tiny")
    yield made
    driver.lifecycle.destroy(made.guest.server_id)


@pytest.fixture
def keep_picture(request):
    """Keep a PNG for the docs, with few colours and so small; only where --pictures asks."""
    folder = request.config.getoption("--pictures")

    def keep(name, png):
        if folder:
            picture = Image.open(io.BytesIO(png)).convert("RGB")
            few = picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
            few.save(Path(folder) / f"console-{name}.png", optimize=True)

    return keep


@pytest.fixture
def browser(tmp_path):
    with chromium(tmp_path / "chromium") as made:
        yield made
