# SPDX-License-Identifier: Apache-2.0
"""The metadata service over real databases; the network service is a fake."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from fixtures.cells import CELL1, make_cells, make_server, put
from fixtures.neighbours import FakeNetworks
from webtest import TestApp

from nova_appliance.actions.cloud import Cloud
from nova_appliance.conf import load
from nova_appliance.db import server_mappings, servers
from nova_appliance.metadata import app, identity

SECRET = "s3cret"
USER_DATA = b"#!/bin/sh\necho <&> \xff\n"


@dataclasses.dataclass
class Stage:
    cloud: Cloud
    web: TestApp
    server: object
    rows: Rows

    def headers(self, server=None, secret=SECRET, **more):
        """What the network service's proxy adds."""
        of = server or self.server
        told = {
            "X-Instance-ID": of.id,
            "X-Tenant-ID": of.project_id,
            "X-Instance-ID-Signature": identity.sign(secret, of.id),
            "X-Forwarded-For": "10.0.0.5",
        }
        return {name: value for name, value in {**told, **more}.items() if value is not None}

    def get(self, path, status=200, **more):
        return self.web.get(path, headers=self.headers(**more), status=status)

    def add(self, **fields):
        """One more server."""
        return add_server(self.cloud.cells, **fields)

    def forget(self):
        """Nova knows the server no more."""
        with self.cloud.cells.api.write() as conn:
            server_mappings.remove(conn, self.server.id)

    def change(self, **fields):
        """Change the server's row, as an action would."""
        with self.cloud.cells.database(CELL1).write() as conn:
            servers.change(conn, self.server.id, **fields)


class Rows:
    """Rows of Neutron that the service looks up; remembers what was asked."""

    def __init__(self):
        self.all = {"ports": [], "subnets": []}
        self.asked = []

    def list_(self, _context, plural, **filters):
        self.asked.append((plural, filters))
        return tuple(self.all[plural])


def add_server(cells, **fields):
    usual = {
        "user_data": base64.b64encode(USER_DATA).decode(),
        "key_name": "k",
        "key_data": "ssh-ed25519 AAAA",
    }
    (server,) = put(cells, make_server(**{**usual, **fields}))
    return server


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    folder = tmp_path_factory.mktemp("databases")
    return make_cells(lambda name: f"sqlite:///{folder}/{name}.sqlite")


@pytest.fixture
def stage_of(cells):
    """Makes a stage with these options: {group: {option: value}}."""

    def make(**overrides):
        proxy = {"service_metadata_proxy": True, "metadata_proxy_shared_secret": SECRET}
        overrides["neutron"] = {**proxy, **overrides.get("neutron", {})}
        networks = FakeNetworks()
        networks.rows = Rows()
        conf = load.load(overrides=overrides)
        cloud = Cloud(
            conf=conf, cells=cells, rpc=None, images=None, networks=networks, volumes=None
        )
        web = TestApp(app.make_app(cloud))
        return Stage(cloud, web, add_server(cells), networks.rows)

    return make


@pytest.fixture
def stage(stage_of):
    return stage_of()


@pytest.fixture
def provider():
    """A provider of vendor data: answers what `answer` says and keeps what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.asked.append((json.loads(body), dict(self.headers)))
            status, text = self.server.answer
            self.send_response(status)
            self.end_headers()
            with contextlib.suppress(BrokenPipeError):
                self.wfile.write(text)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked, server.answer = [], (200, b'{"role": "web"}')
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
