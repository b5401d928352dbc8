# SPDX-License-Identifier: Apache-2.0
"""POST remote-consoles, the older actions and GET os-console-auth-tokens over the stage."""

import pytest
from fixtures.compute_api import ADMIN, FOREIGNER, PROJECT, USER, ComputeApi
from fixtures.console_stage import secret_of

from nova_appliance.domain.console import ConsoleAddress
from nova_appliance.virt.driver import NotRunning


@pytest.fixture
def api(consoles):
    conf = consoles.cloud.conf
    conf.set_override("auth_strategy", "noauth2", "api")
    return ComputeApi(consoles.cloud)


@pytest.fixture
def mine(consoles, guest):
    """A server of the project that USER belongs to."""
    server = consoles.add_server(project_id=PROJECT)
    consoles.put(server, guest.port)
    return server


def remote(protocol, kind):
    return {"remote_console": {"protocol": protocol, "type": kind}}


@pytest.mark.parametrize(
    ("protocol", "kind", "option"),
    [
        ("vnc", "novnc", ("vnc", "novncproxy_base_url")),
        ("vnc", "xvpvnc", ("vnc", "xvpvncproxy_base_url")),
        ("spice", "spice-html5", ("spice", "html5proxy_base_url")),
        ("serial", "serial", ("serial_console", "base_url")),
    ],
)
def test_a_url_for_each_kind(api, consoles, mine, protocol, kind, option):
    path = f"/servers/{mine.id}/remote-consoles"
    answer = api.post(path, remote(protocol, kind), "2.6", who=USER)
    assert answer.status == 200
    view = answer.data["remote_console"]
    assert (view["protocol"], view["type"]) == (protocol, kind)
    group, name = option
    assert view["url"].startswith(consoles.cloud.conf[group][name])
    assert secret_of(view["url"])


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("os-getVNCConsole", "novnc"),
        ("os-getVNCConsole", "xvpvnc"),
        ("os-getSPICEConsole", "spice-html5"),
        ("os-getSerialConsole", "serial"),
    ],
)
def test_the_older_actions_end_with_2_5(api, mine, action, kind):
    path = f"/servers/{mine.id}/action"
    answer = api.post(path, {action: {"type": kind}}, "2.5", who=USER)
    assert answer.status == 200
    assert answer.data["console"]["type"] == kind
    assert api.post(path, {action: {"type": kind}}, "2.6", who=USER).status == 404


def test_rdp_is_refused_at_any_version(api, mine):
    path = f"/servers/{mine.id}/action"
    assert api.post(path, {"os-getRDPConsole": {"type": "rdp-html5"}}).status == 400
    path = f"/servers/{mine.id}/remote-consoles"
    assert api.post(path, remote("rdp", "rdp-html5"), "2.6").status == 400


@pytest.mark.parametrize(
    ("version", "protocol", "kind", "status"),
    [
        ("2.5", "vnc", "novnc", 404),
        ("2.6", "mks", "webmks", 400),
        ("2.8", "mks", "webmks", 400),
        ("2.98", "spice", "spice-direct", 400),
        ("2.99", "spice", "spice-direct", 200),
        ("2.6", "serial", "novnc", 400),
        ("2.6", "vnc", "vga", 400),
    ],
)
def test_what_versions_know(api, mine, version, protocol, kind, status):
    path = f"/servers/{mine.id}/remote-consoles"
    assert api.post(path, remote(protocol, kind), version).status == status


def test_a_foreign_server_is_not_found(api, mine):
    path = f"/servers/{mine.id}/remote-consoles"
    assert api.post(path, remote("vnc", "novnc"), "2.6", who=FOREIGNER).status == 404


def test_a_guest_that_does_not_run_is_a_conflict(api, consoles, mine, monkeypatch):
    class Off:
        class consoles:  # noqa: N801 - as a driver has it
            @staticmethod
            def address(server_id, _device):
                raise NotRunning(server_id)

    monkeypatch.setattr(consoles, "driver", Off)
    answer = api.post(f"/servers/{mine.id}/remote-consoles", remote("vnc", "novnc"), "2.6")
    assert answer.status == 409
    assert "does not run" in answer.message


@pytest.mark.parametrize(
    ("version", "keys"),
    [
        ("2.31", {"instance_uuid", "host", "port", "internal_access_path"}),
        ("2.99", {"instance_uuid", "host", "port", "internal_access_path", "tls_port"}),
    ],
)
def test_administrators_see_what_a_token_is_for(api, consoles, mine, guest, version, keys):
    secret = consoles.secret(mine, "novnc")
    answer = api.get(f"/os-console-auth-tokens/{secret}", version, who=ADMIN)
    assert answer.status == 200
    assert set(answer.data["console"]) == keys
    assert answer.data["console"]["instance_uuid"] == mine.id
    assert answer.data["console"]["port"] == guest.port


def test_a_port_that_is_not_there_is_shown_as_none(api, consoles, mine):
    where = ConsoleAddress(host="127.0.0.1", port=0, tls_port=5902)
    consoles.addresses[mine.id] = where
    secret = consoles.secret(mine, "spice-direct")
    for version in ("2.31", "2.99"):
        answer = api.get(f"/os-console-auth-tokens/{secret}", version, who=ADMIN)
        assert answer.data["console"]["port"] is None
    assert answer.data["console"]["tls_port"] == where.tls_port


def test_tokens_are_for_administrators_from_2_31_on(api, consoles, mine):
    path = f"/os-console-auth-tokens/{consoles.secret(mine, 'novnc')}"
    assert api.get(path, "2.30").status == 400
    assert api.get(path, "2.31", who=USER).status == 403
    assert api.get("/os-console-auth-tokens/nonsense", "2.31").status == 404
    assert api.get(path + "?a=b", "2.98").status == 200
    assert api.get(path + "?a=b", "2.99").status == 400
