# SPDX-License-Identifier: Apache-2.0
"""os-certificates over HTTP with a nova-cert behind it, and as Nova answers where it is off."""

import pytest
from fixtures.compute_api import ADMIN, FOREIGNER, USER, ComputeApi

from nova_appliance.api.versions import VERSIONS
from nova_appliance.cert import keys, reading
from nova_appliance.common import errors

EDGES = ("2.1", "2.45", VERSIONS[-1])


@pytest.fixture(scope="module")
def api(stage):
    stage.cloud.conf.set_override("auth_strategy", "noauth2", "api")
    return ComputeApi(stage.cloud)


@pytest.fixture
def off(api):
    api.cloud.conf.set_override("enable_os_certificates", False, "api")
    yield
    api.cloud.conf.clear_override("enable_os_certificates", "api")


@pytest.mark.parametrize("version", EDGES)
def test_the_root_is_shown_to_everybody_with_a_project(api, version):
    for who in (ADMIN, USER, FOREIGNER):
        answer = api.get("/os-certificates/root", version, who=who)
        assert answer.status == 200
        assert set(answer.data["certificate"]) == {"data", "private_key"}
        assert answer.data["certificate"]["private_key"] is None
        root = reading.parse(answer.data["certificate"]["data"])
        assert root.issuer == root.subject


@pytest.mark.parametrize("version", EDGES)
def test_a_user_makes_a_certificate_of_its_own(api, version):
    answer = api.ask("POST", "/os-certificates", None, version, who=USER)
    assert answer.status == 200
    made = answer.data["certificate"]
    leaf = reading.parse(made["data"])
    assert keys.from_pem(made["private_key"]).public_key() == leaf.public_key()
    assert reading.name(leaf) == "demo"
    assert USER["X-Auth-Token"].split(":")[1] in leaf.subject.rfc4514_string()


def test_any_body_will_do(api):
    for body in ({}, {"certificate": None}, []):
        assert api.post("/os-certificates", body, who=USER).status == 200


@pytest.mark.parametrize("name", ["other", "1", "ROOT", "%00"])
def test_another_certificate_is_not_shown(api, name):
    answer = api.get(f"/os-certificates/{name}", who=USER)
    assert answer.status == 501
    assert answer.message == "Only root certificate can be retrieved."


@pytest.mark.usefixtures("off")
@pytest.mark.parametrize("version", EDGES)
def test_off_means_gone(api, version):
    for who in (ADMIN, USER):
        assert api.get("/os-certificates/root", version, who=who).status == 410
        assert api.ask("POST", "/os-certificates", None, version, who=who).status == 410


def test_without_nova_cert_it_is_not_there_now(api, monkeypatch):
    def call(*_order):
        raise errors.Unavailable("No nova-cert answers.")

    monkeypatch.setattr(api.cloud.rpc, "call", call)
    assert api.get("/os-certificates/root").status == 503
    assert api.ask("POST", "/os-certificates").status == 503
