# SPDX-License-Identifier: Apache-2.0
"""The metadata service: who is believed, what is told, and what bad requests get."""

import json
import threading

import pytest

from nova_appliance.common import errors, ids
from nova_appliance.db import ec2_ids
from nova_appliance.domain import ec2_tree, metadata_options, openstack_tree
from nova_appliance.metadata import app, identity

TOKEN_LIFE = "X-aws-ec2-metadata-token-ttl-seconds"
NOBODY = "11111111-2222-3333-4444-555555555555"
TOKEN = "X-aws-ec2-metadata-token"


def lines(answer):
    return answer.text.split("\n")


def test_the_ec2_tree_is_listed_from_its_root(stage):
    assert lines(stage.get("/")) == [*ec2_tree.VERSIONS, "latest"]
    assert lines(stage.get("/latest/")) == ["meta-data/", "user-data"]
    listed = lines(stage.get("/2009-04-04/meta-data/"))
    assert {"ami-id", "placement/", "public-keys/", "instance-id"} <= set(listed)
    assert lines(stage.get("/latest/meta-data/public-keys")) == ["0=k"]
    assert lines(stage.get("/latest/meta-data/public-keys/0/")) == ["openssh-key"]
    key = stage.get("/latest/meta-data/public-keys/0/openssh-key")
    assert (key.text, key.content_type) == ("ssh-ed25519 AAAA", "text/plain")
    assert stage.get("/latest/user-data").body.startswith(b"#!/bin/sh\necho <&> \xff")


def test_the_instance_id_is_the_one_that_the_ec2_api_finds(stage):
    told = stage.get("/latest/meta-data/instance-id").text
    with stage.cloud.cells.api.read() as conn:
        assert ec2_ids.find(conn, "i", (told,)) == {told: stage.server.id}
    ami = stage.get("/latest/meta-data/ami-id").text
    with stage.cloud.cells.api.read() as conn:
        assert ec2_ids.find(conn, "ami", (ami,)) == {ami: stage.server.image.id}


def test_every_path_that_is_listed_is_there(stage):
    def walk(path):
        for name in lines(stage.get(path)):
            number = name.split("=")[0] + "/" if "=" in name else name
            if number.endswith("/"):
                walk(path + number)
            else:
                stage.get(path + number)

    for version in (*ec2_tree.VERSIONS, "latest"):
        walk(f"/{version}/")
    for version in lines(stage.get("/openstack")):
        walk(f"/openstack/{version}/")


def test_the_openstack_tree(stage):
    assert set(lines(stage.get("/openstack/"))) == {*openstack_tree.VERSIONS, "latest"}
    told = stage.get("/openstack/latest/meta_data.json")
    assert (told.json["uuid"], told.content_type) == (stage.server.id, "application/json")
    assert len(told.json["random_seed"]) > 600
    assert "password" in lines(stage.get("/openstack/2013-04-04"))
    assert "password" not in lines(stage.get("/openstack/2012-08-10"))
    stage.get("/openstack/2012-08-10/network_data.json", status=404)
    stage.get("/openstack/2012-08-10/password", status=404)


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/openstack/2000-01-01/", "/openstack/latest/nothing", "/2009-04-05/",
     "/latest/meta-data/ami-id/deeper", "/latest/meta-data/public-keys/0/_name",
     "/openstack/content/0000", "/openstack/latest/../../etc/passwd", "/latest/%00",
     "/openstack/latest/meta_data.json/x", "/%F0%9F%90%9F"],
)  # fmt: skip
def test_paths_that_are_not_there(stage, path):
    stage.get(path, status=404)


def test_a_path_that_is_no_text_or_too_long_is_refused(stage):
    stage.get("/%FF%FE", status=400)
    stage.get("/" + "a" * 2000, status=414)


def test_a_server_without_key_and_user_data(stage):
    bare = stage.add(user_data=None, key_name=None, key_data=None)
    stage.get("/latest/user-data", server=bare, status=404)
    stage.get("/openstack/latest/user_data", server=bare, status=404)
    assert "public-keys/" not in lines(stage.get("/latest/meta-data/", server=bare))


WRONG = {
    # what is wrong with the headers > the answer
    "nothing is sent": (dict.fromkeys(("X-Instance-ID", "X-Tenant-ID")), 400),
    "no project": ({"X-Tenant-ID": None}, 400),
    "no signature": ({"X-Instance-ID-Signature": None}, 403),
    "a forged signature": ({"secret": "guess"}, 403),
    "an empty signature": ({"X-Instance-ID-Signature": ""}, 403),
    "a signature that is no ASCII": ({"X-Instance-ID-Signature": "\xe9" * 64}, 403),
    "somebody else's id": ({"X-Instance-ID": NOBODY}, 403),
    "another project": ({"X-Tenant-ID": "p2"}, 404),
    "two ids": ({"X-Instance-ID": f"{NOBODY},{NOBODY}"}, 400),
    "a provider nobody knows": ({"X-Metadata-Provider": "p"}, 403),
}


@pytest.mark.parametrize(("headers", "status"), WRONG.values(), ids=WRONG)
def test_who_is_not_known_gets_nothing(stage, headers, status):
    answer = stage.get("/openstack/latest/meta_data.json", status=status, **headers)
    assert stage.server.id not in answer.text
    assert "ssh-ed25519" not in answer.text


@pytest.mark.parametrize("server_id", ["x", "../etc", "0" * 5000, NOBODY])
def test_signed_ids_that_are_nobody(stage, server_id):
    headers = {
        "X-Instance-ID": server_id,
        "X-Instance-ID-Signature": identity.sign("s3cret", server_id),
    }
    stage.get("/", status=404, **headers)


def test_a_proxy_without_a_secret_is_never_believed(stage_of):
    with pytest.raises(errors.Invalid, match="metadata_proxy_shared_secret"):
        stage_of(neutron={"metadata_proxy_shared_secret": ""})


def test_without_a_proxy_the_address_tells(stage_of):
    stage = stage_of(neutron={"service_metadata_proxy": False})
    port = {"device_id": stage.server.id, "project_id": "p1", "device_owner": "compute:nova"}

    def ask(status):
        extra = {"REMOTE_ADDR": "10.0.0.5"}
        forged = stage.headers(stage.add(project_id="p2"))
        return stage.web.get(
            "/openstack/latest/meta_data.json", headers=forged, extra_environ=extra, status=status
        )

    ask(404)
    stage.rows.all["ports"] = [{**port, "device_owner": "network:dhcp"}]
    ask(404)
    stage.rows.all["ports"] = [port, {**port, "device_id": ids.new_id()}]
    ask(404)
    stage.rows.all["ports"] = [port]
    assert ask(200).json["uuid"] == stage.server.id
    assert stage.rows.asked[-1] == ("ports", {"fixed_ips": "ip_address=10.0.0.5"})


def test_behind_a_provider_address_and_its_networks_tell(stage):
    headers = {
        "X-Metadata-Provider": "lb1",
        "X-Metadata-Provider-Signature": identity.sign("s3cret", "lb1"),
        "X-Forwarded-For": "10.0.0.5, 192.0.2.1",
    }
    stage.web.get("/", headers=headers, status=404)
    stage.rows.all["subnets"] = [{"network_id": "n1"}, {"network_id": "n1"}]
    stage.rows.all["ports"] = [
        {"device_id": stage.server.id, "project_id": "p1", "device_owner": "compute:nova"}
    ]
    stage.web.get("/", headers=headers)
    asked = {"fixed_ips": "ip_address=10.0.0.5", "network_id": ["n1"]}
    assert stage.rows.asked[-1] == ("ports", asked)
    stage.web.get("/", headers={**headers, "X-Forwarded-For": "nonsense"}, status=404)
    stage.web.get("/", headers={**headers, "X-Metadata-Provider-Signature": "x"}, status=403)


def test_a_password_is_told_once(stage):
    path = "/openstack/latest/password"
    assert stage.get(path).text == ""
    for bad in (b"x" * 1021, b"\xff\xfe"):
        stage.web.post(path, bad, headers=stage.headers(), status=400)
    stage.web.post(path, b"cipher", headers=stage.headers())
    assert stage.get(path).text == "cipher"
    stage.web.post(path, b"other", headers=stage.headers(), status=409)
    stage.web.post("/openstack/latest/meta_data.json", b"", headers=stage.headers(), status=405)
    stage.web.post(path, b"x" * 100_000, headers=stage.headers(), status=413)


def test_session_tokens_are_for_one_server_and_a_while(stage, monkeypatch):
    def ask(life, status=200):
        headers = stage.headers(**{TOKEN_LIFE: life})
        return stage.web.put("/latest/api/token", headers=headers, status=status)

    for bad in ("0", "21601", "x", "-1", "", None, "9" * 4000):
        ask(bad, status=400)
    given = ask("60")
    assert given.headers[TOKEN_LIFE] == "60"
    stage.get("/latest/", **{TOKEN: given.text})
    other = stage.add()
    for bad in ("", "nonsense", given.text[:-4] + "AAA=", "é", "A" * 5000):
        stage.get("/latest/", status=401, **{TOKEN: bad.encode().decode("latin-1")})
    stage.get("/latest/", status=401, server=other, **{TOKEN: given.text})
    now = app.time.time()
    monkeypatch.setattr(app.time, "time", lambda: now + 61)
    stage.get("/latest/", status=401, **{TOKEN: given.text})
    stage.web.get("/latest/api/token", headers=stage.headers(), status=405)


def test_a_token_may_be_required(stage_of):
    stage = stage_of(metadata={"token_required": True})
    for path in ("/", "/latest/meta-data/ami-id", "/openstack/latest/meta_data.json"):
        stage.get(path, status=401)
    headers = stage.headers(**{TOKEN_LIFE: "60"})
    token = stage.web.put("/latest/api/token", headers=headers).text
    stage.get("/openstack/latest/meta_data.json", **{TOKEN: token})


def test_answers_are_kept_for_a_while(stage, stage_of):
    def name(of):
        return of.get("/openstack/latest/meta_data.json").json["name"]

    before = name(stage)
    stage.change(name="new")
    assert name(stage) == before
    fresh = stage_of(api={"metadata_cache_expiration": 0})
    fresh.change(name="new")
    assert name(fresh) == "new"


def test_a_deleted_server_is_told_nothing(stage_of):
    stage = stage_of(api={"metadata_cache_expiration": 0})
    stage.get("/latest/")
    stage.forget()
    stage.get("/latest/", status=404)


def test_one_server_cannot_take_all(stage_of):
    stage = stage_of(metadata={"rate": 0.5, "burst": 3})
    other = stage.add()
    for _ in range(3):
        stage.get("/")
    refused = stage.get("/", status=429)
    assert int(refused.headers["Retry-After"]) >= 1
    stage.get("/", server=other)


def test_vendor_data_comes_from_file_and_providers(stage_of, provider, tmp_path):
    file = tmp_path / "vendor.json"
    file.write_text('{"mirror": "http://m/"}')
    url = f"http://127.0.0.1:{provider.server_port}/"
    options = {
        "vendordata_providers": ["StaticJSON", "DynamicJSON"],
        "vendordata_jsonfile_path": str(file),
        "vendordata_dynamic_targets": [f"roles@{url}", "down@http://127.0.0.1:9/"],
    }
    stage = stage_of(api=options)
    assert stage.get("/openstack/latest/vendor_data.json").json == {"mirror": "http://m/"}
    told = stage.get("/openstack/latest/vendor_data2.json").json
    assert told == {"static": {"mirror": "http://m/"}, "roles": {"role": "web"}, "down": {}}
    asked, headers = provider.asked[0]
    assert (asked["instance-id"], asked["project-id"]) == (stage.server.id, "p1")
    assert asked["user-data"] == stage.server.user_data
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("answer", [(500, b""), (200, b"no JSON"), (200, b" " * (1 << 21))])
def test_a_provider_that_fails_is_fatal_only_when_told(stage_of, provider, answer):
    provider.answer = answer
    options = {
        "vendordata_providers": ["DynamicJSON"],
        "vendordata_dynamic_targets": [f"a@http://127.0.0.1:{provider.server_port}/"],
    }
    lax = stage_of(api=options)
    assert lax.get("/openstack/latest/vendor_data2.json").json == {"a": {}}
    strict = stage_of(api={**options, "vendordata_dynamic_failure_fatal": True})
    strict.get("/openstack/latest/vendor_data2.json", status=503)


@pytest.mark.parametrize("text", ["no JSON", "[1]", None])
def test_a_broken_file_of_vendor_data_tells_nothing(stage_of, tmp_path, text):
    file = tmp_path / "vendor.json"
    if text is not None:
        file.write_text(text)
    stage = stage_of(api={"vendordata_jsonfile_path": str(file)})
    assert stage.get("/openstack/latest/vendor_data.json").json == {}


def test_a_database_that_is_away_is_503(stage):
    class Away:
        def __getattr__(self, _name):
            raise errors.Unavailable("away")

    object.__setattr__(stage.cloud, "cells", Away())
    stage.get("/latest/", status=503)


def test_a_hundred_at_once_gather_each_server_once(stage, monkeypatch):
    gathered = []
    gather = app.KnownFacts._gather

    def counted(self, server_id):
        gathered.append(server_id)
        return gather(self, server_id)

    monkeypatch.setattr(app.KnownFacts, "_gather", counted)
    done = []

    def ask():
        done.append(stage.get("/openstack/latest/meta_data.json").json["uuid"])

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [stage.server.id] * 20
    assert gathered == [stage.server.id]


def test_health_needs_no_name(stage):
    assert stage.web.get("/healthcheck").text == "OK"


def test_names_that_hurt_other_formats_arrive_whole(stage):
    name = "a\"<&>'\\\n; $(x) é 🐟"
    odd = stage.add(name=name, metadata={name: name})
    told = json.loads(stage.get("/openstack/latest/meta_data.json", server=odd).body)
    assert (told["name"], told["meta"]) == (name, {name: name})


def test_a_server_may_demand_tokens_or_hear_nothing(stage):
    given = stage.web.put("/latest/api/token", headers=stage.headers(**{TOKEN_LIFE: "60"})).text
    strict = stage.add(metadata={metadata_options.TOKENS: "required"})
    stage.get("/latest/", status=401, server=strict)
    stage.get("/openstack/latest/meta_data.json", status=401, server=strict)
    stage.get("/latest/", status=401, server=strict, **{TOKEN: given})  # another server's
    headers = stage.headers(server=strict, **{TOKEN_LIFE: "60"})
    token = stage.web.put("/latest/api/token", headers=headers).text
    stage.get("/latest/", server=strict, **{TOKEN: token})
    closed = stage.add(metadata={metadata_options.ENDPOINT: "disabled"})
    stage.get("/latest/", status=403, server=closed)
    headers = stage.headers(server=closed, **{TOKEN_LIFE: "60"})
    stage.web.put("/latest/api/token", headers=headers, status=403)
