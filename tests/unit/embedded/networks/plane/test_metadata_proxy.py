# SPDX-License-Identifier: Apache-2.0
"""The proxy's connections to the metadata service: kept while they are good, never trusted blindly."""

import dataclasses
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from nova_appliance.common import ids
from nova_appliance.embedded.networks.plane import metadata_proxy
from nova_appliance.embedded.networks.plane.doors import Door
from nova_appliance.embedded.settings import Settings

DOOR = Door("n", "169.254.169.254", 80, ("net",))


class Known:
    """A store in which every address is one server's."""

    def all(self, *_):
        return [{"device_id": ids.new_id(), "project_id": "p"}]


@pytest.fixture
def service(tmp_path):
    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            super().setup()
            server.connections += 1

        def do_GET(self):
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")
            self.close_connection = server.hangs_up

        do_POST = do_GET  # noqa: N815 - the base class' words

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.connections, server.hangs_up = 0, False
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    settings = Settings(tmp_path, metadata_port=server.server_port)
    server.proxy = metadata_proxy.MetadataProxy(settings, Known())
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def ask(service, request=b"GET /latest/ HTTP/1.1\r\nHost: x\r\n\r\n"):
    guest, door = socket.socketpair()
    with guest, door:
        guest.sendall(request)
        service.proxy.serve(door, "10.0.0.5", DOOR)
        door.close()
        told = b""
        while part := guest.recv(4096):
            told += part
    return told.split(b" ")[1], told.rpartition(b"\r\n\r\n")[2]


def test_a_connection_is_kept(service):
    assert [ask(service) for _ in range(3)] == [(b"200", b"ok")] * 3
    assert service.connections == 1


def test_a_connection_that_was_closed_meanwhile_is_made_anew(service):
    service.hangs_up = True
    assert [ask(service) for _ in range(3)] == [(b"200", b"ok")] * 3
    assert service.connections == 3


def test_what_is_told_once_goes_over_a_connection_of_its_own(service):
    ask(service)
    post = b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"
    assert ask(service, post) == (b"200", b"ok")
    assert service.connections == 2


def test_a_service_that_is_away_is_told_so(service, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        settings = dataclasses.replace(Settings(tmp_path), metadata_port=taken.getsockname()[1])
        service.proxy = metadata_proxy.MetadataProxy(settings, Known())
        assert ask(service)[0] == b"503"
