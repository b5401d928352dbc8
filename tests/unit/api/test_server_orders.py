# SPDX-License-Identifier: Apache-2.0
"""POST, PUT and DELETE of servers: what the API hands down, and what it refuses itself."""

import types

import pytest
import sqlalchemy as sa
from fixtures.api import Api
from fixtures.cells import IMAGE, NOW, make_server, put

from nova_appliance.api.resources import server_orders
from nova_appliance.api.versions import VERSIONS
from nova_appliance.common import errors
from nova_appliance.db.tables.api import FLAVORS
from nova_appliance.domain.boot import BlockDevice, NetworkRequest

NET = "b13fc4f5-2b34-4d1d-9d2f-3a4f1a1a1a1a"
PORT = "c13fc4f5-2b34-4d1d-9d2f-3a4f1a1a1a1a"
VOLUME = "d13fc4f5-2b34-4d1d-9d2f-3a4f1a1a1a1a"
LONG, SHORT = "0000:0000:0000:0000:0000:babe:220.12.22.2", "::babe:dc0c:1602"


@pytest.fixture
def api(tmp_path):
    return Api(tmp_path)


@pytest.fixture
def asked(monkeypatch):
    """Requests that reached the action."""
    requests = []

    def boot(_cloud, _context, request):
        requests.append(request)
        server = make_server(1, security_groups=request.security_groups)
        return types.SimpleNamespace(reservation_id="r-abcdefgh", servers=(server,))

    monkeypatch.setattr(server_orders.boot, "boot", boot)
    return requests


def body(extra=None, **server):
    wanted = {"name": "one", "imageRef": IMAGE.id, "flavorRef": "1", **server}
    return {"server": wanted, **(extra or {})}


def post(api, data, **more):
    return api.ask("POST", "/servers", data, **more)


def refused(got, status=400):
    assert got.status_int == status, got.text
    ((_key, inner),) = got.json.items()
    assert inner["code"] == status
    return inner["message"]


def test_the_least_body_at_every_microversion(api, asked):
    for version in VERSIONS:
        newer = tuple(map(int, version.split("."))) >= (2, 37)
        got = post(api, body(**({"networks": "auto"} if newer else {})), version=version)
        assert got.status_int == 202, (version, got.text)
        server = got.json["server"]
        assert set(server) == {"id", "links", "OS-DCF:diskConfig", "security_groups", "adminPass"}
        assert got.headers["Location"] == f"http://localhost/v2.1/servers/{server['id']}"
        assert server["adminPass"] == asked[-1].admin_password
    assert [one.networks for one in asked] == ["any"] * 36 + ["auto"] * (len(VERSIONS) - 36)
    assert [one.description for one in asked] == ["one"] * 18 + [None] * (len(VERSIONS) - 18)


def test_every_field_is_handed_down(api, asked):
    data = body(
        {"os:scheduler_hints": {"group": NET, "own": "x"}},
        name=" é ",
        **{"OS-DCF:diskConfig": "AUTO"},
        networks=[
            {"uuid": NET, "fixed_ip": "10.0.0.9", "tag": "t"},
            {"port": PORT},
        ],
        security_groups=[{"name": "a"}, {"name": "b"}, {"name": "a"}],
        key_name="k",
        user_data="QUJD",
        config_drive="true",
        metadata={"a": "b"},
        min_count="2",
        max_count=3,
        availability_zone="zone:host:node",
        tags=["x", "y", "x"],
        description="d",
        accessIPv4="192.0.2.1",
        accessIPv6=LONG,
        adminPass="secret",
        trusted_image_certificates=["c1"],
        return_reservation_id=True,
        block_device_mapping_v2=[
            {
                "source_type": "image", "uuid": IMAGE.id, "destination_type": "local",
                "boot_index": "0", "delete_on_termination": True,
            },
            {"source_type": "blank", "volume_size": "2", "guest_format": "swap"},
        ],
    )  # fmt: skip
    data["server"]["name"] = "é"
    got = post(api, data, version="2.73", user="admin:p1")
    assert got.status_int == 202, got.text
    assert got.json == {"reservation_id": "r-abcdefgh"}
    (one,) = asked
    assert one.networks == (
        NetworkRequest(network_id=NET, fixed_ip="10.0.0.9", tag="t"),
        NetworkRequest(port_id=PORT),
    )
    assert (one.name, one.security_groups, one.tags) == ("é", ("a", "b"), ("x", "y"))
    assert (one.min_count, one.max_count, one.config_drive) == (2, 3, True)
    assert one.availability_zone == "zone:host:node"
    assert one.hints == {"group": NET, "own": "x"}
    assert (one.disk_config, one.trusted_certs, one.admin_password) == ("AUTO", ("c1",), "secret")
    assert (one.access_ip_v4, one.access_ip_v6) == ("192.0.2.1", SHORT)
    assert one.block_devices == (
        BlockDevice(
            source_type="image", destination_type="local", uuid=IMAGE.id, boot_index=0,
            delete_on_termination=True,
        ),
        BlockDevice(
            source_type="blank", destination_type="local", volume_size=2, guest_format="swap"
        ),
    )  # fmt: skip


def test_old_block_devices(api, asked):
    data = body(block_device_mapping=[{"volume_id": VOLUME, "device_name": "/dev/vda"}])
    data["server"]["imageRef"] = ""
    assert post(api, data).status_int == 202
    (device,) = asked[0].block_devices
    assert (device.source_type, device.uuid, device.boot_index) == ("volume", VOLUME, 0)
    assert asked[0].image_id is None


def test_hostname_and_destination(api, asked):
    got = post(api, body(networks="none", hostname="web-1"), version="2.90")
    assert (got.status_int, asked[0].hostname, asked[0].networks) == (202, "web-1", "none")
    two = body(networks="none", hostname="web-1", max_count=2)
    assert "hostname" in refused(post(api, two, version="2.90"))
    refused(post(api, body(networks="none", hostname="a.b"), version="2.93"))
    assert post(api, body(networks="none", hostname="a.b"), version="2.94").status_int == 202
    placed = body(networks="none", host="h1", hypervisor_hostname="n1")
    assert "requested_destination" in refused(post(api, placed, version="2.74"), 403)
    assert post(api, placed, version="2.74", user="admin:p1").status_int == 202
    assert (asked[-1].host, asked[-1].node) == ("h1", "n1")
    placed["server"]["availability_zone"] = "z:h"
    refused(post(api, placed, version="2.74", user="admin:p1"))


REFUSED = {
    "unknown key": body(nonsense=1),
    "wrong type": body(metadata=[]),
    "long name": body(name="x" * 300),
    "empty name": body(name=""),
    "name of spaces": body(name="  "),
    "name with a control character": body(name="a\x01"),
    "no image": {"server": {"name": "a", "flavorRef": "1"}},
    "image that is no id": body(imageRef="nonsense"),
    "no flavor": {"server": {"name": "a", "imageRef": IMAGE.id}},
    "metadata value": body(metadata={"a": 1}),
    "metadata key": body(metadata={"a" * 256: "b"}),
    "network without id": body(networks=[{"uuid": "nonsense"}]),
    "fixed ip of a port": body(networks=[{"port": PORT, "fixed_ip": "10.0.0.1"}]),
    "bad address": body(networks=[{"uuid": NET, "fixed_ip": "10.0.0.1000"}]),
    "same port twice": body(networks=[{"port": PORT}, {"port": PORT}]),
    "user data": body(user_data="***"),
    "much user data": body(user_data="QUJD" * 20000),
    "counts": body(min_count=3, max_count=2),
    "zero": body(min_count=0),
    "boolean": body(config_drive="perhaps"),
    "both mappings": body(
        block_device_mapping=[{"volume_id": VOLUME}],
        block_device_mapping_v2=[{"volume_id": VOLUME}],
    ),
    "volume to local": body(
        block_device_mapping_v2=[
            {"source_type": "volume", "uuid": VOLUME, "destination_type": "local"}
        ]
    ),
    "device without a source": body(block_device_mapping_v2=[{"boot_index": 0}]),
    "image without an id": body(block_device_mapping_v2=[{"source_type": "image"}]),
    "zone": body(availability_zone="a:b:c:d"),
    "hints": body({"os:scheduler_hints": {"group": "nonsense"}}),
    "list": [],
    "text": "server",
    "nothing": {},
    "null server": {"server": None},
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_bad_bodies(api, asked, data):
    refused(post(api, data))
    assert asked == []


def test_fields_exist_only_at_their_versions(api, asked):
    device = {"source_type": "blank", "tag": "t"}
    rows = (
        ("description", "d", "2.18", "2.19"),
        ("tags", ["t"], "2.51", "2.52"),
        ("trusted_image_certificates", ["c"], "2.62", "2.63"),
        ("hostname", "h2", "2.89", "2.90"),
        ("block_device_mapping_v2", [device], "2.41", "2.42"),
    )
    for key, value, below, at in rows:
        data = body(networks=[{"uuid": NET}], **{key: value})
        assert {"block_device_mapping_v2": "tag"}.get(key, key) in refused(
            post(api, data, version=below)
        )
        assert post(api, data, version=at).status_int == 202, (key, at)
    personal = body(networks="auto", personality=[{"path": "/a", "contents": "QUJD"}])
    assert post(api, personal, version="2.56").status_int == 202
    refused(post(api, personal, version="2.57"))
    assert "networks" in refused(post(api, body(), version="2.37"))


def test_the_old_v2_ignores_what_it_does_not_know(api, asked):
    data = body(nonsense=1, name=" spaced ", user_data=None)
    got = api.ask("POST", "/v2/servers", data, version="2.90")
    assert got.status_int == 202, got.text
    assert asked[0].name == "spaced"
    assert "OpenStack-API-Version" not in got.headers


def test_rules_of_create(api, asked):
    roles = {"X-Roles": "reader"}
    assert "servers:create" in refused(post(api, body(), **roles), 403)
    forced = body(availability_zone="z:h")
    assert "forced_host" in refused(post(api, forced), 403)
    assert asked == []


def test_a_flavor_without_disk_is_for_volumes(api, asked):
    values = {"flavor_id": "1", "name": "none", "vcpus": 1, "memory_mib": 1, "root_gib": 0}
    with api.cells.api.write() as connection:
        connection.execute(sa.insert(FLAVORS).values(**values, created_at=NOW))
    assert "zero disk" in refused(post(api, body()), 403)
    assert post(api, body(), user="admin:p1").status_int == 202


def test_refusals_of_the_action_become_answers(api, monkeypatch):
    families = {
        errors.Invalid: 400,
        errors.OverQuota: 403,
        errors.Forbidden: 403,
        errors.Conflict: 409,
        errors.Unavailable: 503,
        errors.Unsupported: 501,
    }
    for family, status in families.items():

        def boot(*_args, family=family):
            raise family("a sentence")

        monkeypatch.setattr(server_orders.boot, "boot", boot)
        assert refused(post(api, body()), status) == "a sentence"

    def broken(*_args):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(server_orders.boot, "boot", broken)
    assert "secret" not in refused(post(api, body()), 500)


def test_no_password_when_told_so(tmp_path, asked):
    api = Api(tmp_path, api={"enable_instance_password": False, "auth_strategy": "noauth2"})
    assert "adminPass" not in post(api, body()).json["server"]


def test_update(api, monkeypatch):
    (server,) = put(api.cells, make_server(1, pinned_zone=None))
    changed = []

    def note(_cloud, _context, server, new):
        changed.append(new)
        return server

    monkeypatch.setattr(server_orders.update, "update", note)
    path = f"/servers/{server.id}"
    everything = {
        "name": "new", "accessIPv4": "192.0.2.1", "accessIPv6": LONG,
        "OS-DCF:diskConfig": "AUTO", "description": None, "hostname": "h2",
        "pinned_availability_zone": "nova",
    }  # fmt: skip
    got = api.ask("PUT", path, {"server": everything}, version="2.104")
    assert got.status_int == 200
    assert changed == [
        {
            "name": "new", "description": None, "access_ip_v4": "192.0.2.1",
            "access_ip_v6": SHORT, "disk_config": "AUTO", "hostname": "h2",
            "pinned_zone": "nova",
        }
    ]  # fmt: skip
    old = api.ask("PUT", path, {"server": {"name": "x"}}).json["server"]
    assert "OS-EXT-STS:vm_state" not in old
    assert old["addresses"]["private"] == [{"version": 4, "addr": "10.0.0.2"}]
    elsewhere = {"server": {"pinned_availability_zone": "other"}}
    refused(api.ask("PUT", path, elsewhere, version="2.104"), 409)
    refused(api.ask("PUT", path, elsewhere, version="2.103"))
    refused(api.ask("PUT", path, {"server": {"name": "x"}}, user="x:p2"), 404)
    refused(api.ask("PUT", path, {"server": {"name": "x"}}, **{"X-Roles": "reader"}), 403)
    assert api.ask("PUT", path, {"server": {}}).status_int == 200
    (pinned,) = put(api.cells, make_server(2, pinned_zone="nova"))
    path = f"/servers/{pinned.id}"
    refused(api.ask("PUT", path, elsewhere, version="2.104"), 409)
    same = {"server": {"pinned_availability_zone": "nova"}}
    assert api.ask("PUT", path, same, version="2.104").status_int == 200
    assert len(changed) == 2
    none = {"server": {"pinned_availability_zone": None}}
    assert api.ask("PUT", path, none, version="2.104").status_int == 200
    assert changed[-1] == {"pinned_zone": None}
