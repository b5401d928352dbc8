# SPDX-License-Identifier: Apache-2.0
"""The scaffold of the miniature services: routing, errors, bodies."""

from __future__ import annotations

import logging

import pytest
import webob
from webtest import TestApp

from nova_appliance.common import errors
from nova_appliance.embedded import web

TOKEN = {"X-Auth-Token": "good"}


def authenticate(req):
    if req.headers.get("X-Auth-Token") != "good":
        raise web.Unauthorized("Who are you?")
    return "caller"


def show(req, first, second):
    return {"ids": [first, second], "service": req.service, "caller": req.caller}


def create(req):
    return 201, web.read_object(req, "thing")


def fail(req):
    raise KINDS[req.GET["kind"]]


def stream(req):
    size = 0
    while chunk := req.body_file.read(65536):
        size += len(chunk)
    return webob.Response(str(size), content_type="text/plain")


KINDS = {
    "401": web.Unauthorized("no"),
    "403": errors.Forbidden("no"),
    "404": errors.NotFound("no"),
    "409": errors.Conflict("no"),
    "418": errors.OverQuota("no"),
    "413": web.TooLarge("no"),
    "415": web.WrongMedia("no"),
    "400": errors.Invalid("no"),
    "501": errors.Unsupported("no"),
    "503": errors.Unavailable("no"),
    "500": RuntimeError("a secret"),
}
ROUTES = {
    "": {"GET": web.Op(lambda _req: {"hello": 1}, public=True)},
    "a/{first}/b/{second}": {"GET": show},
    "a/fixed/b/one": {"GET": web.Op(lambda req: {"fixed": req.caller}, public=True)},
    "things": {"POST": create, "DELETE": lambda _req: None},
    "fail": {"GET": fail},
    "unbuilt": {"GET": web.Unbuilt("Not here.")},
    "stream": {"PUT": web.Op(stream, streamed=True)},
}


def make(**more):
    def formatter(failure):
        return {"status": failure.status, "message": failure.message, "kind": failure.kind}

    return web.make_app(web.Service("test", "state", ROUTES, formatter, authenticate, **more))


@pytest.fixture
def app():
    return TestApp(make(headers_401={"WWW-Authenticate": "Here"}))


def test_ids_service_and_caller_reach_the_handler(app):
    seen = app.get("/a/x.json/b/y%20z/?ids=EVIL", headers=TOKEN)
    assert seen.json == {"ids": ["x.json", "y z"], "service": "state", "caller": "caller"}
    assert seen.headers["x-openstack-request-id"].startswith("req-")


def test_literal_routes_come_first_and_public_ones_need_nobody(app):
    assert app.get("/a/fixed/b/one").json == {"fixed": None}
    assert app.get("/").json == {"hello": 1}
    assert app.head("/", status=200).body == b""


def test_nobody_gets_in_without_a_token(app):
    answer = app.get("/a/1/b/2", status=401)
    assert answer.headers["WWW-Authenticate"] == "Here"
    assert answer.json["message"] == "Who are you?"


def test_each_kind_of_error_has_its_status(app):
    for status, error in KINDS.items():
        expected = 403 if status == "418" else int(status)
        answer = app.get(f"/fail?kind={status}", headers=TOKEN, status=expected)
        if status != "500":
            assert answer.json["kind"] == type(error).__name__


def test_a_service_may_have_its_own_statuses():
    app = TestApp(make(statuses=((errors.OverQuota, 409),)))
    app.get("/fail?kind=418", headers=TOKEN, status=409)
    app.get("/fail?kind=403", headers=TOKEN, status=403)


def test_an_unexpected_error_is_logged_and_not_told(app, caplog):
    with caplog.at_level(logging.ERROR):
        answer = app.get("/fail?kind=500", headers=TOKEN, status=500)
    assert "secret" not in answer.text
    assert "a secret" in caplog.text
    assert answer.headers["x-openstack-request-id"] in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/none", 404), ("PUT", "/things", 405), ("GET", "/unbuilt", 501)],
)
def test_what_is_not_there_says_so(app, method, path, status):
    answer = app.request(path, method=method, headers=TOKEN, expect_errors=True)
    assert answer.status_int == answer.json["status"] == status
    if status == 405:
        assert answer.headers["Allow"] == "DELETE, POST"


@pytest.mark.parametrize("kind", ["application/json", "", "application/x-www-form-urlencoded"])
def test_bodies_are_read_by_the_handler_alone(app, kind):
    body = b'{"thing": {"req": 1, "self": 2, "args": 3}}'
    answer = app.post("/things", body, headers=TOKEN, content_type=kind, status=201)
    assert answer.json == {"req": 1, "self": 2, "args": 3}
    assert app.delete("/things", headers=TOKEN, status=204).body == b""


@pytest.mark.parametrize(
    "body", [b"", b"{bad", b"[1]", b'{"thing": 1}', b'{"other": {}}', b"\xff", b"[" * 100_000]
)
def test_bad_bodies_are_400(app, body):
    app.post("/things", body, headers=TOKEN, content_type="application/json", status=400)


def test_long_bodies_are_refused_except_where_they_stream(app):
    body = b"x" * (web.JSON_LIMIT_BYTES + 1)
    app.post("/things", body, headers=TOKEN, content_type="application/json", status=413)
    answer = app.put("/stream", body, headers=TOKEN, content_type="application/octet-stream")
    assert int(answer.text) == len(body)


@pytest.mark.parametrize("accept", ["text/html", "application/octet-stream", "x", ""])
def test_what_is_accepted_does_not_matter(app, accept):
    assert app.get("/", headers={"Accept": accept}).json == {"hello": 1}
