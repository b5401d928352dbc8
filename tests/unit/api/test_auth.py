# SPDX-License-Identifier: Apache-2.0
"""A caller is recognized by the token for a while, and only by a token that identity confirmed."""

import datetime as dt

import pytest

from nova_appliance.api import auth, policy, token_cache
from nova_appliance.api.request import CONTEXT
from nova_appliance.common import clock, ids
from nova_appliance.conf import load


class Identity:
    """Takes the place of auth_token.AuthProtocol: confirms the tokens in `good`, counts."""

    def __init__(self, app, _conf):
        self.app, self.asked = app, 0
        self.good, self.left = {"t1": "u1", "t2": "u2"}, dt.timedelta(hours=1)

    def __call__(self, environ, start_response):
        self.asked += 1
        for name in [name for name in environ if name.startswith("HTTP_X_USER")]:
            del environ[name]
        user = self.good.get(environ.get("HTTP_X_AUTH_TOKEN"))
        environ["HTTP_X_IDENTITY_STATUS"] = "Confirmed" if user else "Invalid"
        if user:
            expires = (clock.SYSTEM.now() + self.left).isoformat() + "Z"
            environ |= {"HTTP_X_USER_ID": user, "HTTP_X_PROJECT_ID": "p1", "HTTP_X_ROLES": "member"}
            environ["keystone.token_info"] = {"token": {"expires_at": expires}}
        return self.app(environ, start_response)


class Door:
    """The guard, an application behind it that remembers who came in, and a clock."""

    def __init__(self, monkeypatch):
        conf, self.now, made = load.load(), [0.0], []
        monkeypatch.setattr(
            auth.auth_token, "AuthProtocol",
            lambda app, conf: made.append(Identity(app, conf)) or made[0],
        )  # fmt: skip
        true_cache = token_cache.TokenCache
        monkeypatch.setattr(
            auth.token_cache, "TokenCache",
            lambda: true_cache(clock.Clock(monotonic=lambda: self.now[0])),
        )  # fmt: skip
        self.came = []

        def app(environ, start_response):
            self.came.append(environ[CONTEXT])
            start_response("200 OK", [])
            return [b""]

        self._guarded = auth.guard(conf, policy.make_rules(conf), app)
        (self.identity,) = made

    def knock(self, token="t1", **headers):
        environ = {"HTTP_X_AUTH_TOKEN": token, "openstack.request_id": ids.new_request_id()}
        said = []
        list(self._guarded(environ | headers, lambda line, _headers: said.append(line)))
        return said[0][:3], environ["openstack.request_id"]


@pytest.fixture
def door(monkeypatch):
    return Door(monkeypatch)


def test_identity_is_asked_once_a_minute(door):
    answers = [door.knock() for _ in range(3)]
    assert [status for status, _ in answers] == ["200"] * 3
    assert door.identity.asked == 1
    assert [(c.user_id, c.project_id, c.request_id) for c in door.came] == [
        ("u1", "p1", request_id) for _, request_id in answers
    ]
    assert len({id(context) for context in door.came}) == 3
    door.now[0] = auth.KNOWN_S + 1
    door.knock()
    assert door.identity.asked == 2


def test_who_is_remembered_by_one_token_is_nobody_by_another(door):
    door.knock("t1")
    door.knock("t2")
    assert door.knock("t3")[0] == door.knock("")[0] == "401"
    assert [context.user_id for context in door.came] == ["u1", "u2"]
    assert door.knock("t3")[0] == "401"
    assert door.identity.asked == 5


def test_headers_of_the_caller_do_not_say_who_it_is(door):
    door.knock("t1")
    door.knock("t1", HTTP_X_USER_ID="u2", HTTP_X_ROLES="admin")
    assert [(c.user_id, c.roles, bool(c.is_admin)) for c in door.came] == [
        ("u1", ["member"], False)
    ] * 2


def test_a_token_is_not_remembered_longer_than_it_lasts(door):
    door.identity.left = dt.timedelta(seconds=10)
    door.knock()
    door.now[0] = 9.0
    door.knock()
    assert door.identity.asked == 1
    door.identity.good.clear()
    door.now[0] = 11.0
    assert door.knock()[0] == "401"


def test_a_second_token_is_always_checked_and_not_remembered(door):
    for _ in range(2):
        door.knock(HTTP_X_SERVICE_TOKEN="s")
    assert door.identity.asked == 2
    door.knock()
    assert door.identity.asked == 3
    door.knock(HTTP_X_SERVICE_TOKEN="s")
    assert door.identity.asked == 4
