# SPDX-License-Identifier: Apache-2.0
"""Actions of servers: what the API hands down, and what it refuses itself."""

import pytest
from fixtures.api import Api
from fixtures.cells import CELL1, make_server, put

from nova_appliance.api.resources import server_actions


@pytest.fixture
def api(tmp_path):
    return Api(tmp_path)


def refused(got, status=400):
    assert got.status_int == status, got.text
    ((_key, inner),) = got.json.items()
    assert inner["code"] == status
    return inner["message"]


def test_actions_are_handed_down(api, monkeypatch):
    (server,) = put(api.cells, make_server(1, locked_by="admin"))
    calls = []

    def note(name, answer=None):
        def action(_cloud, _context, _server, *more, **named):
            calls.append((name, *more, *named.values()))
            return answer

        return action

    for module, name in (
        (server_actions.power, "start"), (server_actions.power, "stop"),
        (server_actions.reboots, "reboot"), (server_actions.locks, "lock"),
        (server_actions.locks, "unlock"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, note(name))
    monkeypatch.setattr(server_actions.console_output, "read", note("read", "hello"))
    rows = (
        ({"os-start": None}, "2.1", ("start",)),
        ({"os-stop": {}}, "2.1", ("stop",)),
        ({"reboot": {"type": "SOFT"}}, "2.1", ("reboot", False)),
        ({"reboot": {"type": "hard"}}, "2.1", ("reboot", True)),
        ({"lock": None}, "2.1", ("lock", None)),
        ({"lock": {"locked_reason": "r"}}, "2.73", ("lock", "r")),
        ({"lock": None}, "2.73", ("lock", None)),
    )
    path = f"/servers/{server.id}/action"
    for data, version, call in rows:
        got = api.ask("POST", path, data, version=version)
        assert (got.status_int, got.body, calls[-1]) == (202, b"", call)
    refused(api.ask("POST", path, {"unlock": None}), 403)
    assert api.ask("POST", path, {"unlock": None}, user="admin:p1").status_int == 202
    for length, lines in ((10, 10), ("5", 5), (-1, None), (None, None)):
        got = api.ask("POST", path, {"os-getConsoleOutput": {"length": length}})
        assert (got.json, calls[-1]) == ({"output": "hello"}, ("read", lines))
    assert api.ask("POST", path, {"os-getConsoleOutput": {}}).status_int == 200


def test_bad_actions(api):
    (server,) = put(api.cells, make_server(1))
    path = f"/servers/{server.id}/action"
    bad = (
        {}, [], "x", {"nonsense": None}, {"os-start": None, "os-stop": None}, {"reboot": {}},
        {"reboot": {"type": "WARM"}}, {"os-getConsoleOutput": {"length": "x"}},
        {"os-getConsoleOutput": {"length": -2}}, {"os-resetState": {"state": "paused"}},
    )  # fmt: skip
    for data in bad:
        refused(api.ask("POST", path, data, user="admin:p1"))
    refused(api.ask("POST", path, {"lock": {"locked_reason": ""}}, version="2.73"))
    refused(api.ask("POST", path, {"os-resetState": {"state": "error"}}), 403)
    refused(api.ask("POST", f"/servers/{CELL1}/action", {"os-start": None}), 404)
    refused(api.ask("POST", path, {"os-start": None}, user="x:p2"), 404)


def test_reset_state(api):
    (server,) = put(api.cells, make_server(1, task="rebooting"))
    path = f"/servers/{server.id}"
    data = {"os-resetState": {"state": "error"}}
    assert api.ask("POST", f"{path}/action", data, user="admin:p1").status_int == 202
    view = api.ask("GET", path).json["server"]
    assert (view["status"], view["OS-EXT-STS:task_state"]) == ("ERROR", None)
    (action,) = api.ask("GET", f"{path}/os-instance-actions").json["instanceActions"]
    assert (action["action"], action["message"]) == ("resetState", None)
    one = api.ask("GET", f"{path}/os-instance-actions/{action['request_id']}", version="2.51")
    assert one.json["instanceAction"]["events"] == []
    assert api.ask("GET", f"{path}/os-instance-actions/req-x").status_int == 404
    assert api.ask("GET", f"{path}/os-instance-actions?x=1", version="2.58").status_int == 400
    paged = api.ask("GET", f"{path}/os-instance-actions?limit=1", version="2.58").json
    assert paged["instanceActions"][0]["updated_at"]
    assert action["request_id"] in paged["links"][0]["href"]
