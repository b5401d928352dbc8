# SPDX-License-Identifier: Apache-2.0
"""An identity service in this process, with a clock that tests may turn."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from webtest import TestApp

from nova_appliance.common.clock import Clock
from nova_appliance.embedded import settings as settings_
from nova_appliance.embedded.identity import seed
from nova_appliance.embedded.identity.app import make_app


class TurnableClock:
    def __init__(self):
        self.time = dt.datetime(2030, 1, 1)
        self.clock = Clock(now=lambda: self.time)

    def turn(self, seconds):
        self.time += dt.timedelta(seconds=seconds)


@dataclasses.dataclass
class Rig:
    settings: settings_.Settings
    clock: TurnableClock
    app: TestApp

    @property
    def secrets(self):
        return settings_.secrets(self.settings)

    def auth(self, user, password, scope=None, status=201):
        who = {"name": user, "domain": {"name": "Default"}, "password": password}
        body = {"identity": {"methods": ["password"], "password": {"user": who}}}
        if scope is not None:
            body["scope"] = scope
        return self.app.post_json("/v3/auth/tokens", {"auth": body}, status=status)

    def token(self, user, password, project=None):
        scope = project and {"project": {"name": project, "domain": {"id": "default"}}}
        return self.auth(user, password, scope).headers["X-Subject-Token"]

    def admin(self):
        return {"X-Auth-Token": self.token("admin", self.secrets.admin_password, "admin")}

    def demo(self):
        return {"X-Auth-Token": self.token("demo", self.secrets.demo_password, "demo")}

    def get(self, path, headers, status=200):
        return self.app.get(path, headers=headers, status=status)

    def id(self, plural, name):
        (row,) = self.get(f"/v3/{plural}?name={name}", self.admin()).json[plural]
        return row["id"]


@pytest.fixture
def rig(tmp_path, monkeypatch):
    monkeypatch.setitem(seed.passwords.COST, "n", 2**4)  # as a hash, only faster
    settings = settings_.Settings(tmp_path)
    seed.seed(settings)
    clock = TurnableClock()
    return Rig(settings, clock, TestApp(make_app(settings, clock.clock)))
