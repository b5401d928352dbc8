# SPDX-License-Identifier: Apache-2.0
"""Metadata of servers: what the API hands down, and what it refuses itself."""

import pytest
from fixtures.api import Api
from fixtures.cells import make_server, put

from nova_appliance.api.resources import server_metadata


@pytest.fixture
def api(tmp_path):
    return Api(tmp_path)


def refused(got, status=400):
    assert got.status_int == status, got.text
    ((_key, inner),) = got.json.items()
    assert inner["code"] == status
    return inner["message"]


def test_metadata(api, monkeypatch):
    (server,) = put(api.cells, make_server(1, metadata={"a": "1"}))
    path = f"/servers/{server.id}/metadata"
    calls = []
    for name in ("merge", "replace", "remove"):

        def act(_cloud, _context, _server, given, name=name):
            calls.append((name, given))
            return given

        monkeypatch.setattr(server_metadata.metadata, name, act)
    assert api.ask("GET", path).json == {"metadata": {"a": "1"}}
    assert api.ask("GET", f"{path}/a").json == {"meta": {"a": "1"}}
    refused(api.ask("GET", f"{path}/b"), 404)
    assert api.ask("POST", path, {"metadata": {"b": "2"}}).json == {"metadata": {"b": "2"}}
    assert api.ask("PUT", path, {"metadata": {}}).json == {"metadata": {}}
    assert api.ask("PUT", f"{path}/c", {"meta": {"c": "3"}}).json == {"meta": {"c": "3"}}
    got = api.ask("DELETE", f"{path}/a")
    assert (got.status_int, got.body) == (204, b"")
    assert [call[0] for call in calls] == ["merge", "replace", "merge", "remove"]
    refused(api.ask("DELETE", f"{path}/b"), 404)
    refused(api.ask("PUT", f"{path}/c", {"meta": {"d": "3"}}))
    refused(api.ask("PUT", f"{path}/c", {"meta": {"c": "3", "d": "3"}}))
    refused(api.ask("PUT", f"{path}/c", {"meta": {}}))
    refused(api.ask("POST", path, {"metadata": {"a" * 256: "x"}}))
    refused(api.ask("POST", path, {"metadata": {"a": "x" * 256}}))
    refused(api.ask("POST", path, {"metadata": {"a": "x"}}, user="x:p2"), 404)
