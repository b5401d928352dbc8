# SPDX-License-Identifier: Apache-2.0
"""The HTTP server of one process: answers, bounds bodies, and stops although clients linger."""

import http.client
import socket

from nova_appliance.cmd.http import HttpServer


def hello(environ, start):
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


def test_it_answers_until_it_is_stopped_although_a_client_keeps_its_connection():
    server = HttpServer(hello, "127.0.0.1", 0)
    server.start()
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    client.request("GET", "/")
    assert client.getresponse().read() == b"hello"
    server.stop()
    with socket.socket() as another:
        assert another.connect_ex(("127.0.0.1", server.port)) != 0


def test_a_body_above_the_limit_is_refused_before_it_is_read():
    server = HttpServer(hello, "127.0.0.1", 0, body_limit=1000)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), 30) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
        client.sendall(bytes(2000))
        assert client.recv(100).startswith(b"HTTP/1.1 413")
    server.stop()
