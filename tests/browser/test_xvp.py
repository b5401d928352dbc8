# SPDX-License-Identifier: Apache-2.0
"""A Java viewer's dialect over a running guest: its screen begins as VNC does."""

import socket
import struct

import pytest


@pytest.mark.parametrize("first", ["/console?token={}", "{}:5900"])
def test_a_viewer_reads_the_size_of_the_guests_screen(consoles, running, first):
    proxy = consoles.proxy("nova-xvpvncproxy")
    target = first.format(consoles.secret(running.server, "xvpvnc"))
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as viewer:
        viewer.sendall(f"CONNECT {target} HTTP/1.0\r\n\r\n".encode())
        file = viewer.makefile("rb")
        assert b" 200 " in file.readline()
        while file.readline() != b"\r\n":
            continue
        assert file.read(12) == b"RFB 003.008\n"
        viewer.sendall(b"RFB 003.003\n")
        assert struct.unpack(">I", file.read(4)) == (1,)  # no password
        viewer.sendall(b"\1")
        width, height = struct.unpack(">HH", file.read(4))
    rows, columns, _ = running.screenshot().shape
    assert (width, height) == (columns, rows)
