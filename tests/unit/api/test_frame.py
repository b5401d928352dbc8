# SPDX-License-Identifier: Apache-2.0
"""What is true of every request: versions, ids, bodies, errors, projects in URLs, metrics."""

import io
import itertools

import pytest
from fixtures.api import Api

from nova_appliance.api import faults
from nova_appliance.api.resources import extensions
from nova_appliance.api.versions import VERSIONS
from nova_appliance.common import errors

NEW, OLD = "OpenStack-API-Version", "X-OpenStack-Nova-API-Version"


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    return Api(tmp_path_factory.mktemp("api"))


def code(got):
    ((key, inner),) = got.json.items()
    assert inner["code"] == got.status_int
    return key


@pytest.mark.parametrize(
    ("headers", "version"),
    [
        ({}, "2.1"),
        ({NEW: "compute 2.27"}, "2.27"),
        ({NEW: "compute latest"}, VERSIONS[-1]),
        ({NEW: "identity 3.1, compute 2.60"}, "2.60"),
        ({NEW: "identity 3.1"}, "2.1"),
        ({NEW: "identity 3.1", OLD: "2.9"}, "2.9"),
        ({OLD: "2.104"}, "2.104"),
        ({OLD: "latest"}, VERSIONS[-1]),
        ({NEW: "compute 2.2", OLD: "2.3"}, "2.2"),
    ],
)
def test_versions_are_negotiated(api, headers, version):
    got = api.ask("GET", "/extensions", **headers)
    assert got.status_int == 200
    assert got.headers[NEW] == f"compute {version}"
    assert got.headers[OLD] == version
    assert got.headers["Vary"] == f"{NEW}, {OLD}"


@pytest.mark.parametrize(
    ("text", "status", "key"),
    [
        ("compute 2.0", 406, "computeFault"),
        ("compute 2.105", 406, "computeFault"),
        ("compute 3.1", 406, "computeFault"),
        ("compute 1.9999999999999999999", 406, "computeFault"),
        ("compute", 400, "badRequest"),
        ("compute 2", 400, "badRequest"),
        ("compute 2.01", 400, "badRequest"),
        ("compute x.y", 400, "badRequest"),
        ("compute -2.1", 400, "badRequest"),
    ],
)
def test_versions_that_are_not(api, text, status, key):
    got = api.ask("GET", "/extensions", **{NEW: text})
    assert (got.status_int, code(got)) == (status, key)


def test_the_old_v2_knows_no_versions(api):
    got = api.ask("GET", "/v2/extensions", version="2.60")
    assert got.status_int == 200
    assert NEW not in got.headers


def test_documents_need_no_token(api):
    listed = api.client.get("/").json["versions"]
    assert [one["id"] for one in listed] == ["v2.0", "v2.1"]
    assert listed[1]["version"] == "2.104"
    assert "X-Compute-Request-ID" not in api.client.get("/").headers
    for path, name in (("/v2.1", "v2.1"), ("/v2.1/", "v2.1"), ("/v2/", "v2.0")):
        got = api.client.get(path)
        assert got.json["version"]["id"] == name
        assert NEW not in got.headers
    for path in ("/anything", "/v3", "/v2.2/servers", "/servers"):
        got = api.client.get(path, status=300)
        hrefs = [one["links"][0]["href"] for one in got.json["choices"]]
        assert hrefs == [f"http://localhost/v2{path}", f"http://localhost/v2.1{path}"]
    assert api.client.post("/", status=300).json["choices"]


def test_documents_with_a_token(api):
    assert api.ask("GET", "/abc/", user="u:abc").json["version"]["id"] == "v2.1"
    assert api.ask("GET", "/versions/v2.0").json["version"]["id"] == "v2.0"
    assert api.ask("GET", "/versions/v3").status_int == 404


def test_no_token(api):
    got = api.client.get("/v2.1/servers", status=401)
    assert code(got) == "unauthorized"
    assert "WWW-Authenticate" in got.headers
    assert api.client.get("/v2.1/nonsense", status=401)


def test_unknown_paths_and_methods(api):
    rows = (("GET", "/nonsense"), ("DELETE", "/extensions"), ("GET", "/extensions/a/b"),
            ("PUT", "/servers"), ("PATCH", "/servers"), ("GET", "/servers/x/action"),
            ("GET", "/servers/"), ("GET", "/os-simple-tenant-usage/"))  # fmt: skip
    for method, path in rows:
        got = api.ask(method, path)
        assert (got.status_int, code(got)) == (404, "itemNotFound"), path


def test_the_project_of_the_url_must_be_the_tokens(api):
    assert api.ask("GET", "/abc-1/extensions", user="u:abc-1").status_int == 200
    got = api.ask("GET", "/abc-2/extensions", user="u:abc-1")
    assert (got.status_int, code(got)) == (400, "badRequest")
    assert api.ask("GET", "/no-hex-xyz/extensions").status_int == 404


def test_request_ids_on_every_answer(api):
    for path in ("/v2.1/extensions", "/v2.1/nonsense", "/v2.1/", "/any", "/healthcheck"):
        got = api.client.get(path, headers={"X-Auth-Token": "u:p"}, status="*")
        first, second = (got.headers[name] for name in ("X-Compute-Request-ID",
                                                        "X-OpenStack-Request-ID"))  # fmt: skip
        assert first == second
        assert first.startswith("req-")


def test_removed_resources(api):
    rows = (("GET", "/os-cells/detail"), ("DELETE", "/os-agents/1"), ("GET", "/os-fping"))
    for (method, path), version in itertools.product(rows, ("2.1", "2.50", "latest")):
        got = api.ask(method, path, version=version)
        assert (got.status_int, code(got)) == (410, "computeFault")
    got = api.ask("POST", "/servers/x/action", {"resetNetwork": None})
    assert got.status_int == 410


class Flood(io.RawIOBase):
    """A body of 100 MB that nobody may read."""

    taken = 0

    def read(self, size=-1):
        self.taken += size if size > 0 else 10**9
        return b"x" * size

    readinto = None


def raw(api, **environ):
    answer = []
    base = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/v2.1/servers", "QUERY_STRING": "",
        "SERVER_NAME": "x", "SERVER_PORT": "80", "wsgi.url_scheme": "http",
        "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_X_AUTH_TOKEN": "u:p",
        "CONTENT_TYPE": "application/json", "wsgi.input": io.BytesIO(),
    }  # fmt: skip
    body = b"".join(api.app({**base, **environ}, lambda line, _headers: answer.append(line)))
    return int(answer[0][:3]), body


def test_a_large_body_is_refused_unread(api):
    for length in (114689, 100 * 2**20):
        flood = Flood()
        status, body = raw(api, CONTENT_LENGTH=str(length), **{"wsgi.input": flood})
        assert (status, flood.taken) == (413, 0)
        assert b"overLimit" in body
    flood = Flood()
    chunked = {"wsgi.input": flood, "wsgi.input_terminated": True}
    status, _body = raw(api, **chunked, HTTP_TRANSFER_ENCODING="chunked")
    assert status == 413
    assert flood.taken <= 114689
    form = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "wsgi.input": (flood := Flood())}
    status, _body = raw(api, CONTENT_LENGTH=str(10**8), **form)
    assert (status, flood.taken) == (413, 0)


def test_bodies_must_be_json(api):
    path, headers = "/v2.1/servers", {"X-Auth-Token": "u:p"}
    for kind in ("text/xml", "text/plain", "application/x-www-form-urlencoded", "multipart/x"):
        got = api.client.post(path, b"a=b", headers=headers, content_type=kind, status=415)
        assert code(got) == "badMediaType"
    bad = (b"{", b"", b"\xff\xfe", b'{"a": NaN}', b"[" * 100000, b'{"server": "\\ud800"}', b"null")
    for text in bad:
        got = api.client.post(
            path, text, headers=headers, content_type="application/json", status=400
        )
        assert code(got) == "badRequest"
    kind = "application/vnd.openstack.compute+json; charset=utf-8"
    assert api.client.post(path, b"{}", headers=headers, content_type=kind, status=400)


def test_what_nobody_foresaw_is_a_general_500(api, monkeypatch, caplog):
    def broken(_alias):
        raise RuntimeError("secret")

    monkeypatch.setattr(extensions, "_view", broken)
    got = api.ask("GET", "/extensions")
    assert (got.status_int, code(got)) == (500, "computeFault")
    assert "secret" not in got.text
    assert got.headers["X-Compute-Request-ID"] in caplog.text
    assert got.headers[NEW]


def test_every_family_of_errors_has_a_status():
    families = set(errors.ApplianceError.__subclasses__()) - {errors.Refused}
    ours = {family for family in families if family.__module__ == errors.__name__}
    assert ours <= {family for family, _status in faults.STATUSES}
    assert faults.failure(errors.OverQuota("x"), "").status == 403
    assert faults.make(413, "x").headers["Retry-After"] == "0"


def test_policy_file_overrides_defaults(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text('"os_compute_api:extensions": "role:curious"\n')
    settings = {"auth_strategy": "noauth2", "policy_file": str(path)}
    api = Api(tmp_path, api=settings)
    got = api.ask("GET", "/extensions")
    assert (got.status_int, code(got)) == (403, "forbidden")
    assert got.json["forbidden"]["message"] == (
        "Policy doesn't allow os_compute_api:extensions to be performed."
    )
    assert api.ask("GET", "/extensions", **{"X-Roles": "curious"}).status_int == 200


def test_health_and_metrics(api):
    assert api.client.get("/healthcheck").body == b"OK"
    api.ask("GET", "/extensions")
    text = api.client.get("/metrics").text
    assert 'nova_api_requests_total{operation="GET /extensions",status="200"}' in text
    assert "nova_api_request_seconds_bucket" in text


def test_head_of_documents_has_no_body(api):
    assert api.client.head("/").status_int == 200


def test_addresses_must_be_utf8(api):
    for path in ("/v2.1/servers/%FF", "/v2.1/servers?name=%FF", "/%FF"):
        got = api.client.get(path, headers={"X-Auth-Token": "u:p"}, status=400)
        assert code(got) == "badRequest"
