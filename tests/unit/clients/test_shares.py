# SPDX-License-Identifier: Apache-2.0
"""Shares at the wire: a Manila that keeps shares and rules, asked by the client itself."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from keystoneauth1 import session as ksa_session
from keystoneauth1 import token_endpoint

from nova_appliance.clients.shares import Share, Shares
from nova_appliance.common import errors, ids
from nova_appliance.conf import load

SHARE = ids.new_id()
EXPORTS = [{"path": "b:/2", "preferred": False}, {"path": "a:/1", "preferred": True}]


class Manila(BaseHTTPRequestHandler):
    """One NFS share of a v2 endpoint; keeps its rules in the server that it stands for."""

    def do_GET(self):
        assert self.headers["X-OpenStack-Manila-API-Version"] == "2.65"
        raw = {"id": SHARE, "status": "available", "share_proto": "nfs"}
        answers = {
            f"/v2/shares/{SHARE}": {"share": raw},
            f"/v2/shares/{SHARE}/export_locations": {"export_locations": list(EXPORTS)},
            f"/v2/share-access-rules?share_id={SHARE}": {"access_list": self.server.rules},
        }
        found = answers.get(self.path)
        self._answer(200 if found else 404, found or {})

    def do_POST(self):
        assert self.path == f"/v2/shares/{SHARE}/action"
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.deeds.append(body)
        if "allow_access" in body and self.server.rules:
            self._answer(400, {"badRequest": {"message": "Share access exists."}})
            return
        if "allow_access" in body:
            self.server.rules.append({"id": "r1", "state": "new", **body["allow_access"]})
        else:
            self.server.rules.clear()
        self._answer(202, {})

    def _answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_told):
        pass


@pytest.fixture
def manila():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Manila)
    server.rules, server.deeds = [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def shares(manila):
    url = f"http://127.0.0.1:{manila.server_port}/v2"
    session = ksa_session.Session(auth=token_endpoint.Token(url, "token"))
    return Shares(session, load.load(files=[], overrides={"manila": {"endpoint_override": url}}))


def test_a_share_is_found_with_its_preferred_place(shares):
    wanted = Share(id=SHARE, status="available", protocol="NFS", export="a:/1")
    assert shares.get(SHARE) == wanted
    for unknown in (ids.new_id(), "../types"):
        with pytest.raises(errors.NotFound, match="could not be found"):
            shares.get(unknown)


def test_a_host_is_let_in_once_and_out_once(shares, manila):
    for _ in range(2):
        shares.allow(SHARE, "192.0.2.9")
    rule = shares.rule(SHARE, "192.0.2.9")
    assert (rule.to, rule.state) == ("192.0.2.9", "new")
    assert shares.rule(SHARE, "192.0.2.8") is None
    for _ in range(2):
        shares.deny(SHARE, "192.0.2.9")
    let_in = {"access_type": "ip", "access_to": "192.0.2.9", "access_level": "rw"}
    assert manila.deeds == [{"allow_access": let_in}, {"deny_access": {"access_id": "r1"}}]


def test_a_host_that_is_being_let_out_is_let_in_later(shares, manila):
    rule = {"access_type": "ip", "access_to": "192.0.2.9", "id": "r1"}
    for state in ("queued_to_deny", "denying"):
        manila.rules[:] = [rule | {"state": state}]
        assert not shares.allow(SHARE, "192.0.2.9")
    manila.rules.clear()
    assert shares.allow(SHARE, "192.0.2.9")


def test_two_servers_of_a_host_may_ask_at_once(shares, manila, monkeypatch):
    """Neither sees the other's rule in time; the service takes one of the two."""
    manila.rules.append({"access_type": "ip", "access_to": "192.0.2.9", "id": "r1", "state": "new"})
    rule, looks = shares.rule, []

    def late(*which):
        looks.append(which)
        return rule(*which) if len(looks) > 1 else None

    monkeypatch.setattr(shares, "rule", late)
    assert shares.allow(SHARE, "192.0.2.9")
    manila.rules[0]["access_to"] = "192.0.2.8"
    looks.clear()
    with pytest.raises(errors.Invalid, match="exists"):
        shares.allow(SHARE, "192.0.2.9")
