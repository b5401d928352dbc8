# SPDX-License-Identifier: Apache-2.0
"""A real guest under QEMU, the proxies over it, and Debian's Chromium without a screen.

QEMU asks for certificates, as in a cluster with TLS: every test goes by VeNCrypt or SPICE's TLS.
With --pictures FOLDER the tests leave pictures of the consoles there (docs/images has them).
"""

import base64
import contextlib
import dataclasses
import io
import shutil
from pathlib import Path

import libvirt
import numpy as np
import pytest
from fixtures.console_stage import one_test, stage
from fixtures.pki import Pki
from fixtures.secure_libvirt import secure_libvirt, settings, trust
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from nova_appliance.common import ids
from nova_appliance.common.clock import wait_for
from nova_appliance.domain.guest import Disk, Guest
from nova_appliance.embedded import guest as tiny
from nova_appliance.virt import registry
from nova_appliance.virt.driver import ImageExpected

FLAGS = (
    "--headless", "--ignore-certificate-errors", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1100,800", "--force-device-scale-factor=1",
)  # fmt: skip
SHIFTED = set("$()*>")
PIXELS = """
const canvas = document.querySelector("#screen canvas");
if (!canvas || !canvas.width || !canvas.height) return null;
const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
let text = "";
for (let at = 0; at < data.length; at += 32768) {
    text += String.fromCharCode.apply(null, data.subarray(at, at + 32768));
}
return [canvas.width, canvas.height, btoa(text)];
"""


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
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'chromium'}"):
        options.add_argument(flag)
    made = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    made.set_page_load_timeout(120)
    yield made
    made.quit()


def canvas(browser):
    """The canvas's pixels, or None while it has none."""
    found = browser.execute_script(PIXELS)
    if found is None:
        return None
    width, height, text = found
    data = np.frombuffer(base64.b64decode(text), np.uint8)
    return data.reshape(height, width, 4)[:, :, :3]


def differing(one, other):
    """Which part of the pixels differ; all when the sizes do."""
    if one is None or other is None or one.shape != other.shape:
        return 1.0
    far = np.abs(one.astype(np.int16) - other.astype(np.int16)).max(axis=2) > 24
    return float(far.mean())


def text_of(browser, selector):
    with contextlib.suppress(Exception):
        return browser.find_element("css selector", selector).text
    return ""


def type_line(browser, line):
    """Type as a quick person does, Shift included; QEMU's keyboard holds 16 bytes only."""
    keys = ActionChains(browser)
    for letter in (*line, Keys.ENTER):
        if letter in SHIFTED or letter.isupper():
            keys.key_down(Keys.SHIFT).send_keys(letter).key_up(Keys.SHIFT).pause(0.1)
        else:
            keys.send_keys(letter).pause(0.1)
    keys.perform()


def type_until_heard(browser, running, line, words):
    """Type a line, and again if its `words` do not come: a guest that gets no time loses keys."""
    type_line(browser, line)
    for _ in range(3):
        if wait_for(lambda: words in running.said(), 30, 0.2):
            return
        ActionChains(browser).key_down(Keys.CONTROL).send_keys("c").key_up(Keys.CONTROL).perform()
        type_line(browser, line)
    running.hear(words)


def shows_the_guest(browser, running):
    return wait_for(lambda: differing(canvas(browser), running.screenshot()) < 0.002, 60, 0.2)
