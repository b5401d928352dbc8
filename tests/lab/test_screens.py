# SPDX-License-Identifier: Apache-2.0
"""The pages of screens in a real browser, through the balancer: they show what QEMU shows, and take keys."""

import base64
import io

import numpy as np
import pytest
from fixtures.chromium import canvas, chromium, differing, shows_the_guest, text_of, type_line
from PIL import Image

from nova_appliance.common.clock import wait_for

pytestmark = pytest.mark.timeout(900)
KINDS = {"novnc": "vnc", "spice-html5": "spice"}
SHOOT = "virsh -q -c qemu:///system screenshot {} /run/screen >/dev/null && base64 -w0 /run/screen; rm -f /run/screen"


class Screen:
    """A guest's screen as its host shows it, without any console."""

    def __init__(self, cloud, server):
        self._cloud, self._server = cloud, server

    def screenshot(self):
        """Rows of RGB pixels."""
        said = self._cloud.on(
            self._server.hypervisor_hostname, SHOOT.format(self._server.id), timeout_s=120
        )
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(said))).convert("RGB"))


@pytest.fixture
def browser(tmp_path):
    with chromium(tmp_path / "chromium") as made:
        yield made


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_shows_the_screen_and_takes_keys(cloud, servers, door, browser, kind):
    asked = {"remote_console": {"protocol": KINDS[kind], "type": kind}}
    answer = cloud.api.compute.post(
        f"/servers/{servers[0].id}/remote-consoles", json=asked, microversion="2.8"
    )
    browser.get(answer.json()["remote_console"]["url"])
    assert wait_for(lambda: text_of(browser, "#state") == "Connected", 120), text_of(
        browser, "body"
    )
    screen = Screen(cloud, servers[0])
    assert shows_the_guest(browser, screen)
    before = canvas(browser)
    browser.find_element("css selector", "#screen canvas").click()

    def is_typed():
        type_line(browser, f"echo typed by {kind} >/tmp/typed")
        return wait_for(lambda: kind in cloud.in_guest(door, "cat /tmp/typed || true"), 30, 1)

    assert wait_for(is_typed, 240, 1), "the guest was not told"
    assert shows_the_guest(browser, screen)
    assert differing(before, canvas(browser)) > 0
