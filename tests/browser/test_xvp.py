# SPDX-License-Identifier: Apache-2.0
"""A Java viewer's dialect over a running guest: an own client of VNC shows the screen and types."""

import io
import socket
import struct

import numpy as np
import pytest
from fixtures.chromium import SHIFTED, differing
from PIL import Image

from nova_appliance.common import ids
from nova_appliance.common.clock import SYSTEM, wait_for

RETURN, SHIFT = 0xFF0D, 0xFFE1


class Viewer:
    """RFB 3.3 behind CONNECT, as the viewers of XVP and TightVNC begin; raw pixels of 32 bits."""

    def __init__(self, port, target):
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.socket.sendall(f"CONNECT {target} HTTP/1.0\r\n\r\n".encode())
        self.file = self.socket.makefile("rb")
        assert b" 200 " in self.file.readline()
        while self.file.readline() != b"\r\n":
            continue
        assert self.file.read(12) == b"RFB 003.008\n"
        self.socket.sendall(b"RFB 003.003\n")
        assert self._unpack(">I") == (1,)  # no password
        self.socket.sendall(b"\1")
        self.width, self.height = self._unpack(">HH")
        self.file.read(16)
        self.file.read(*self._unpack(">I"))
        pixels = struct.pack(">BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 0, 8, 16)
        self.socket.sendall(b"\0\0\0\0" + pixels + struct.pack(">BxHi", 2, 1, 0))

    def screen(self):
        """Rows of RGB pixels, all asked for anew."""
        shown = np.zeros((self.height, self.width, 4), np.uint8)
        self.socket.sendall(struct.pack(">BBHHHH", 3, 0, 0, 0, self.width, self.height))
        missing = self.width * self.height
        while missing > 0:
            kind, count = self._unpack(">BxH")
            assert kind == 0, "an update"
            for _ in range(count):
                x, y, width, height, encoding = self._unpack(">HHHHi")
                assert encoding == 0, "raw"
                data = np.frombuffer(self.file.read(4 * width * height), np.uint8)
                shown[y : y + height, x : x + width] = data.reshape(height, width, 4)
                missing -= width * height
        return shown[:, :, :3]

    def type_line(self, line):
        """As a quick person does, Shift included."""
        for letter in line:
            shifted = letter in SHIFTED or letter.isupper()
            self._press(*([SHIFT] if shifted else []), ord(letter))
        self._press(RETURN)

    def close(self):
        self.file.close()
        self.socket.close()

    def _press(self, *keys):
        for key in keys:
            self.socket.sendall(struct.pack(">BBxxI", 4, 1, key))
        for key in reversed(keys):
            self.socket.sendall(struct.pack(">BBxxI", 4, 0, key))
        SYSTEM.sleep(0.05)  # QEMU's keyboard holds 16 bytes only

    def _unpack(self, form):
        return struct.unpack(form, self.file.read(struct.calcsize(form)))


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
