# SPDX-License-Identifier: Apache-2.0
"""What the network service tells Nova of servers' ports, and how it tells it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from nova_appliance.common import clock, ids
from nova_appliance.embedded.news import Event, News
from nova_appliance.embedded.settings import Settings

SERVER = ids.new_id()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    events: list[Event] = []
    monkeypatch.setattr(News, "tell", lambda _self, new: events.extend(new))
    return events


@pytest.fixture
def port(service: Any) -> Any:
    network = service.by_name("networks", "private")["id"]
    return service.make("port", network_id=network, device_id=SERVER, device_owner="compute:nova")


def test_floating_ips_change_a_servers_network(told: list[Event], service: Any, port: Any) -> None:
    event = ("network-changed", SERVER, port["id"])
    public = service.by_name("networks", "public")["id"]
    made = service.make("floatingip", floating_network_id=public, port_id=port["id"])
    path = f"floatingips/{made['id']}"
    assert told == [event]
    service.ask("PUT", path, {"floatingip": {"description": "x"}})
    assert told == [event]
    service.ask("PUT", path, {"floatingip": {"port_id": None}})
    assert told == [event] * 2
    service.ask("PUT", path, {"floatingip": {"port_id": port["id"]}})
    service.ask("DELETE", path)
    assert told == [event] * 4


def test_ports_change_and_go(told: list[Event], service: Any, port: Any) -> None:
    path = f"ports/{port['id']}"
    service.ask("PUT", path, {"port": {"name": "x"}})
    assert told == []
    service.ask("PUT", path, {"port": {"security_groups": []}})
    subnet = port["fixed_ips"][0]["subnet_id"]
    service.ask(
        "PUT", path, {"port": {"fixed_ips": [{"subnet_id": subnet, "ip_address": "10.20.0.99"}]}}
    )
    assert told == [("network-changed", SERVER, port["id"])] * 2
    service.ask("DELETE", path)
    assert told[2:] == [("network-vif-deleted", SERVER, port["id"])]


def test_nova_is_not_told_what_it_did_itself(told: list[Event], service: Any, port: Any) -> None:
    path = f"ports/{port['id']}"
    service.ask("PUT", path, {"port": {"security_groups": []}}, as_="nova")
    service.ask("DELETE", path, as_="nova")
    assert told == []


def test_ports_of_nobody_are_no_news(told: list[Event], service: Any) -> None:
    network = service.by_name("networks", "private")["id"]
    made = service.make("port", network_id=network)
    service.ask("PUT", f"ports/{made['id']}", {"port": {"security_groups": []}})
    service.ask("DELETE", f"ports/{made['id']}")
    assert told == []


class Stage(HTTPServer):
    """Identity and compute in one: the first answers are as given, then all is well."""

    def __init__(self, answers: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.heard: list[tuple[str, str | None, Any]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    server: Stage

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_login = self.path.endswith("/auth/tokens")
        self.server.heard.append((self.path, self.headers["X-Auth-Token"], body))
        answers = self.server.answers
        self.send_response(201 if is_login else answers.pop(0) if answers else 200)
        if is_login:
            self.send_header("X-Subject-Token", f"token-{len(self.server.heard)}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Nothing on the terminal."""


@pytest.mark.parametrize(("answers", "tries"), [([], 1), ([401], 2), ([503, 503], 3), ([404], 1)])
def test_news_are_told_with_patience(tmp_path: Path, answers: list[int], tries: int) -> None:
    stage = Stage(list(answers))
    port = stage.server_port
    settings = Settings(tmp_path, identity_port=port, compute_port=port)
    News(settings, "neutron", wait=lambda _seconds: None).tell([("network-changed", SERVER, "p1")])

    def events() -> list[Any]:
        return [call for call in stage.heard if "external-events" in call[0]]

    assert clock.wait_for(lambda: len(events()) == tries, 60)
    (path, token, body) = events()[-1]
    assert path == "/v2.1/os-server-external-events"
    assert token
    assert token.startswith("token-")
    assert body == {
        "events": [
            {
                "name": "network-changed",
                "server_uuid": SERVER,
                "tag": "p1",
                "status": "completed",
            }
        ]
    }
    stage.shutdown()
    stage.server_close()
