# SPDX-License-Identifier: Apache-2.0
"""A Java viewer's dialect over a running guest: an own client of VNC shows the screen and types."""

import io

import numpy as np
import pytest
from fixtures.chromium import differing
from fixtures.rfb_client import RETURN, Connect, RfbClient
from PIL import Image

from nova_appliance.common import ids
from nova_appliance.common.clock import SYSTEM, wait_for


class Viewer(RfbClient):
    """RFB 3.3 behind CONNECT, as the viewers of XVP and TightVNC begin."""

    def __init__(self, port, target):
        super().__init__(Connect(port, target), version=b"003.003")

    def type_line(self, line):
        """As a quick person does; QEMU's keyboard holds 16 bytes only."""
        for letter in line:
            self.type_letter(letter)
            SYSTEM.sleep(0.05)
        self.press(RETURN)


@pytest.fixture(params=["/console?token={}", "{}:5900"], ids=["xvp", "tightvnc"])
def viewer(request, consoles, running):
    proxy = consoles.proxy("nova-xvpvncproxy")
    made = Viewer(proxy.port, request.param.format(consoles.secret(running.server, "xvpvnc")))
    yield made
    made.close()
    assert wait_for(lambda: proxy.sessions.count() == 0, 60)


def test_a_viewer_shows_the_guests_screen(viewer, running, keep_picture):
    assert wait_for(lambda: differing(viewer.screen(), running.screenshot()) < 0.002, 60, 0.2)
    shown = viewer.screen()
    assert (shown.max(axis=2) > 100).mean() > 0.001, "there is text on the screen"
    png = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(shown)).save(png, "PNG")
    keep_picture("xvp", png.getvalue())


def test_keys_of_a_viewer_reach_the_guest(viewer, running):
    word = f"viewer{ids.new_id()[:4]}"
    for _ in range(4):  # a guest without time loses keys
        viewer.type_line(f"echo {word}-$((6*7)) >/dev/ttyS0")
        if wait_for(lambda: f"{word}-42" in running.said(), 20, 0.2):
            break
    running.hear(f"{word}-42", 1)
