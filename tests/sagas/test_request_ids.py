# SPDX-License-Identifier: Apache-2.0
"""One request can be followed through the logs of API, scheduler, conductor and hosts."""

import logging

import pytest
import webtest
from fixtures.world import World
from oslo_context import context as oslo_context

from nova_appliance.api.app import make_app
from nova_appliance.common import clock

ROOMS = ("api", "scheduler", "conductor", "compute")
HEADER = "X-Openstack-Request-Id"


class Lines(logging.Handler):
    """(room, request id of the thread, text) of each line."""

    def __init__(self):
        super().__init__(logging.INFO)
        self.seen = []

    def emit(self, record):
        current = oslo_context.get_current()
        room = record.name.split(".")[1]
        self.seen.append((room, current.request_id if current else None, record.getMessage()))


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.cloud.conf.set_override("auth_strategy", "noauth2", "api")
    world.cloud.conf.set_override("policy_file", str(tmp_path / "policy.yaml"), "api")
    yield world.start("host1")
    world.stop()


@pytest.fixture
def lines():
    handler, logger = Lines(), logging.getLogger("nova_appliance")
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_a_request_has_its_id_in_every_room(world, lines):
    app = webtest.TestApp(make_app(world.cloud))
    told = {}
    for name in ("a", "b"):
        server = {
            "name": name,
            "flavorRef": "1",
            "imageRef": world.image.id,
            "networks": [{"uuid": world.network.id}],
        }
        answer = app.post_json(
            "/v2.1/servers", {"server": server}, headers={"X-Auth-Token": "u1:p1"}
        )
        server_id = answer.json["server"]["id"]
        told[server_id] = answer.headers[HEADER]
    for server_id in told:
        world.wait_active(server_id)
    assert clock.wait_for(lambda: not world.open_sagas(), 60)
    for server_id, request_id in told.items():
        about = [line for line in lines.seen if server_id in line[2]]
        assert {room for room, _, _ in about} >= {"scheduler", "conductor", "compute"}
        assert {asked for _, asked, _ in about} == {request_id}, about
        assert {room for room, asked, _ in lines.seen if asked == request_id} >= set(ROOMS)


def test_a_request_that_is_refused_has_its_own_id(world, lines):
    app = webtest.TestApp(make_app(world.cloud))
    answer = app.get("/v2.1/servers", headers={"X-Auth-Token": "u1:p1"})
    refused = app.get("/v2.1/servers", status=401)
    ids = [asked for room, asked, text in lines.seen if room == "api"]
    assert ids == [answer.headers[HEADER], refused.headers[HEADER]]
