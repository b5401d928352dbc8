# SPDX-License-Identifier: Apache-2.0
"""POST /v3/ec2tokens: good signatures get a token; bad, late and too many bad ones do not."""

import pytest

from nova_appliance.embedded.identity import signing


@pytest.fixture
def key(rig):
    demo = rig.demo()
    user, project = rig.id("users", "demo"), rig.id("projects", "demo")
    url = f"/v3/users/{user}/credentials/OS-EC2"
    return rig.app.post_json(url, {"tenant_id": project}, headers=demo).json["credential"]


def service(rig):
    return {"X-Auth-Token": rig.token("nova", rig.secrets.service_passwords["nova"], "service")}


def signed(rig, key, seconds=0, **more):
    rig.clock.turn(seconds)
    time = f"{rig.clock.time:%Y-%m-%dT%H:%M:%SZ}"
    rig.clock.turn(-seconds)
    asked = {
        "access": key["access"], "host": "h:8773", "verb": "GET", "path": "/", "headers": {},
        "params": {"SignatureVersion": "2", "SignatureMethod": "HmacSHA256", "Timestamp": time},
    }  # fmt: skip
    asked["signature"] = next(signing.candidates(key["secret"], asked))
    return asked | more


def post(rig, asked, status=200, name="credentials", headers=None):
    url, headers = "/v3/ec2tokens", headers or service(rig)
    return rig.app.post_json(url, {name: asked}, headers=headers, status=status)


@pytest.mark.parametrize("name", ["credentials", "ec2Credentials", "credential"])
def test_a_good_signature_gets_a_token_of_its_owner(rig, key, name):
    answer = post(rig, signed(rig, key), name=name)
    token = answer.json["token"]
    assert token["user"]["name"] == "demo"
    assert token["project"]["id"] == key["tenant_id"]
    assert {role["name"] for role in token["roles"]} == {"member", "reader"}
    own = {"X-Auth-Token": answer.headers["X-Subject-Token"]}
    assert rig.get("/v3/auth/projects", own).json["projects"][0]["name"] == "demo"


def test_a_host_without_its_port_may_be_signed(rig, key):
    asked = signed(rig, key)
    asked["signature"] = list(signing.candidates(key["secret"], asked))[1]
    post(rig, asked)


def test_only_services_may_ask(rig, key):
    post(rig, signed(rig, key), status=403, headers=rig.demo())
    rig.app.post_json("/v3/ec2tokens", {"credentials": signed(rig, key)}, status=401)


@pytest.mark.parametrize(
    "changes",
    [{"signature": "x"}, {"signature": "é"}, {"access": "nobody"}, {"verb": "POST"}, {"path": "/x"},
     {"host": "other"}, {"params": {}}],
)  # fmt: skip
def test_what_was_not_signed_is_refused(rig, key, changes):
    post(rig, signed(rig, key) | changes, status=401)


@pytest.mark.parametrize("seconds", [-901, 901])
def test_a_signature_counts_for_a_quarter_of_an_hour(rig, key, seconds):
    post(rig, signed(rig, key, seconds), status=401)
    post(rig, signed(rig, key, seconds // 2))


@pytest.mark.parametrize(
    "body",
    [{}, {"credentials": 1}, {"credentials": {}}, [], {"credentials": {"access": "a"}}],
)
def test_what_is_no_signed_request_is_bad(rig, body):
    rig.app.post_json("/v3/ec2tokens", body, headers=service(rig), status=400)


def test_five_bad_signatures_lock_the_key_for_a_while(rig, key):
    for _ in range(4):
        post(rig, signed(rig, key, signature="x"), status=401)
    post(rig, signed(rig, key))  # a good one forgives
    for _ in range(5):
        post(rig, signed(rig, key, signature="x"), status=401)
    post(rig, signed(rig, key), status=401)
    rig.clock.turn(14 * 60)
    post(rig, signed(rig, key), status=401)
    rig.clock.turn(2 * 60)
    post(rig, signed(rig, key))


def test_bad_signatures_long_ago_do_not_count(rig, key):
    for _ in range(3):
        for _ in range(2):
            post(rig, signed(rig, key, signature="x"), status=401)
        rig.clock.turn(16 * 60)
    post(rig, signed(rig, key))


def test_a_key_ends_with_its_user(rig, key):
    user = rig.id("users", "demo")
    rig.app.patch_json(f"/v3/users/{user}", {"user": {"enabled": False}}, headers=rig.admin())
    post(rig, signed(rig, key), status=401)


def test_s3_signatures_are_not_checked_here(rig):
    rig.app.post_json("/v3/s3tokens", {}, headers=service(rig), status=501)
