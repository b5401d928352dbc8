# SPDX-License-Identifier: Apache-2.0
"""GET of servers: lists, filters, pages, details by microversion, cells that are down."""

import datetime as dt
import hashlib

import pytest
import sqlalchemy as sa
from fixtures.api import Api
from fixtures.cells import CELL1, IMAGE, NOW, make_server, put

from nova_appliance.api.versions import VERSIONS
from nova_appliance.common import errors
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.server import Fault


@pytest.fixture
def api(tmp_path):
    return Api(tmp_path)


def names(api, path, **more):
    got = api.ask("GET", path, **more)
    assert got.status_int == 200, got.text
    return [one["name"] for one in got.json["servers"]]


def test_an_empty_cloud(api):
    assert api.ask("GET", "/servers").json == {"servers": []}
    assert api.ask("GET", "/servers/detail", version="latest").json == {"servers": []}


def test_only_the_own_project_is_seen(api):
    put(api.cells, make_server(1), make_server(2, project_id="p2"))
    assert names(api, "/servers") == ["server-1"]
    assert names(api, "/servers", user="x:p2") == ["server-2"]
    assert names(api, "/servers?all_tenants=1", user="admin:p1") == ["server-2", "server-1"]
    assert names(api, "/servers?all_tenants=0", user="admin:p1") == ["server-1"]
    assert names(api, "/servers?all_tenants&project_id=p2", user="admin:p1") == ["server-2"]
    got = api.ask("GET", "/servers?all_tenants=1")
    assert got.status_int == 403
    assert "get_all_tenants" in got.json["forbidden"]["message"]
    assert api.ask("GET", "/servers?all_tenants=maybe", user="admin:p1").status_int == 400


def test_a_foreign_or_unknown_server_is_not_found(api):
    (server,) = put(api.cells, make_server(1))
    assert api.ask("GET", f"/servers/{server.id}").status_int == 200
    assert api.ask("GET", f"/servers/{server.id}", user="x:p2").status_int == 404
    assert api.ask("GET", f"/servers/{server.id}", user="admin:p2").status_int == 200
    for bad in ("unknown", "x" * 300, "%F0%9F%98%80", "%00", NOW.isoformat()):
        got = api.ask("GET", f"/servers/{bad}")
        assert (got.status_int, got.json["itemNotFound"]["code"]) == (404, 404)


def test_pages_and_links(api):
    servers = put(api.cells, *(make_server(number) for number in range(5)))
    first = api.ask("GET", "/servers?limit=2&name=server").json
    assert [one["name"] for one in first["servers"]] == ["server-4", "server-3"]
    (link,) = first["servers_links"]
    assert link["rel"] == "next"
    assert f"marker={servers[3].id}" in link["href"]
    path = link["href"].removeprefix("http://localhost/v2.1")
    second = api.ask("GET", path).json
    assert [one["name"] for one in second["servers"]] == ["server-2", "server-1"]
    last = api.ask("GET", f"/servers?limit=2&marker={servers[1].id}").json
    assert [one["name"] for one in last["servers"]] == ["server-0"]
    assert "servers_links" not in last
    for bad in ("limit=-1", "limit=x", "marker=x", f"marker={CELL1}", "sort_key=nonsense"):
        assert api.ask("GET", f"/servers?{bad}").status_int == 400
    assert names(api, "/servers?limit=0") == []
    got = api.ask("GET", "/p1/servers?limit=1", user="u1:p1")
    assert got.status_int == 404, "p1 is no hexadecimal id"


def test_links_name_the_project_when_the_url_does(api):
    put(api.cells, make_server(1, project_id="abc"))
    (entry,) = api.ask("GET", "/abc/servers?limit=1", user="u:abc").json["servers"]
    assert entry["links"][0]["href"] == f"http://localhost/v2.1/abc/servers/{entry['id']}"
    assert entry["links"][1]["href"] == f"http://localhost/abc/servers/{entry['id']}"


def test_sorting(api):
    put(api.cells, make_server(1, name="b"), make_server(2, name="a"), make_server(3, name="c"))
    assert names(api, "/servers?sort_key=display_name&sort_dir=asc") == ["a", "b", "c"]
    assert names(api, "/servers?sort_key=display_name") == ["c", "b", "a"]
    assert names(api, "/servers?sort_dir=asc") == ["b", "a", "c"]
    assert names(api, "/servers?sort_key=vcpus") == ["c", "a", "b"]
    assert api.ask("GET", "/servers?sort_key=vcpus", version="2.75").status_int == 400
    assert api.ask("GET", "/servers?sort_dir=up").status_int == 400
    assert api.ask("GET", "/servers?sort_key=host").status_int == 403
    assert names(api, "/servers?sort_key=host&sort_dir=asc", user="admin:p1") == ["b", "a", "c"]
    assert names(api, "/servers?sort_key=locked", version="2.73") == ["c", "a", "b"]


def test_filters_for_everybody_and_for_administrators(api):
    put(
        api.cells,
        make_server(1, key_name="k", locked_by="owner"),
        make_server(2, state="stopped", image=None, host="other"),
        make_server(3, state="error", tags=("x", "y"), hostname="fancy"),
    )
    everybody = {
        "name=server-[12]": ["server-2", "server-1"],
        "status=SHUTOFF": ["server-2"],
        "status=shutoff&status=ERROR": ["server-3", "server-2"],
        f"image={IMAGE.id}": ["server-3", "server-1"],
        "image=unknown%F0%9F%98%80": [],
        "flavor=1": ["server-3", "server-2", "server-1"],
        "flavor=2": [],
        "ip=10.0.0.2$": ["server-1"],
        "host=other": ["server-3", "server-2", "server-1"],
        "key_name=k": ["server-3", "server-2", "server-1"],
        "unknown=1": ["server-3", "server-2", "server-1"],
    }
    for query, expected in everybody.items():
        assert names(api, f"/servers?{query}") == expected, query
    admin = {
        "host=other": ["server-2"],
        "key_name=k": ["server-1"],
        "vm_state=error": ["server-3"],
        "power_state=1": ["server-3", "server-2", "server-1"],
        "uuid=nope": [],
        "deleted=1": [],
        "config_drive=true": [],
        "launched_at=2026-03-04": ["server-3", "server-2", "server-1"],
    }
    for query, expected in admin.items():
        assert names(api, f"/servers?{query}", user="admin:p1") == expected, query
    later = {
        ("tags=x", "2.26"): ["server-3"],
        ("tags=x", "2.25"): ["server-3", "server-2", "server-1"],
        ("not-tags-any=x,blue", "2.26"): [],
        ("locked=true", "2.73"): ["server-1"],
        ("key_name=k", "2.83"): ["server-1"],
        ("hostname=fancy", "2.90"): ["server-3"],
    }
    for (query, version), expected in later.items():
        assert names(api, f"/servers?{query}", version=version) == expected, query


def test_bad_queries(api):
    assert names(api, "/servers?status=nonsense") == []
    refused = (
        ("status=nonsense", "2.38"),
        ("unknown=1", "2.75"),
        ("name=(", "2.1"),
        ("name=%5B", "latest"),
        ("changes-since=yesterday", "2.1"),
        ("changes-since=2026-01-02T00:00:00Z&changes-before=2026-01-01T00:00:00Z", "2.66"),
    )
    for query, version in refused:
        got = api.ask("GET", f"/servers?{query}", version=version)
        assert (query, got.status_int) == (query, 400)
    for word in ("metadata={}", "info_cache=1"):
        got = api.ask("GET", f"/servers?{word}", user="admin:p1")
        assert got.json["badRequest"]["message"].startswith("Invalid filter field")
    assert api.ask("GET", "/servers?status=DELETED").status_int == 403


def test_changes_show_deleted_servers_too(api):
    put(api.cells, make_server(1))
    gone = make_server(2, state="deleted", deleted=True, deleted_at=NOW)
    put(api.cells, gone, mapped=False)
    assert names(api, "/servers") == ["server-1"]
    since = "changes-since=2026-03-04T00:00:00Z"
    assert names(api, f"/servers?{since}") == ["server-2", "server-1"]
    assert names(api, f"/servers?{since}&deleted=true", user="admin:p1") == ["server-2"]
    assert names(api, "/servers?status=DELETED", user="admin:p1") == ["server-2"]


BASE = {
    "id",
    "name",
    "status",
    "tenant_id",
    "user_id",
    "metadata",
    "hostId",
    "image",
    "flavor",
    "created",
    "updated",
    "addresses",
    "accessIPv4",
    "accessIPv6",
    "links",
    "OS-DCF:diskConfig",
    "OS-EXT-AZ:availability_zone",
    "config_drive",
    "key_name",
    "OS-SRV-USG:launched_at",
    "OS-SRV-USG:terminated_at",
    "OS-EXT-STS:task_state",
    "OS-EXT-STS:vm_state",
    "OS-EXT-STS:power_state",
    "os-extended-volumes:volumes_attached",
    "progress",
    "security_groups",
}
LATER = {
    "2.9": "locked",
    "2.19": "description",
    "2.26": "tags",
    "2.63": "trusted_image_certificates",
    "2.73": "locked_reason",
    "2.90": "OS-EXT-SRV-ATTR:hostname",
    "2.96": "pinned_availability_zone",
    "2.100": "scheduler_hints",
}


def test_details_at_every_microversion(api):
    (server,) = put(api.cells, make_server(1))
    expected = set(BASE)
    for version in VERSIONS:
        expected |= {LATER[version]} if version in LATER else set()
        (listed,) = api.ask("GET", "/servers/detail", version=version).json["servers"]
        assert set(listed) == expected, version
        one = api.ask("GET", f"/servers/{server.id}", version=version).json["server"]
        groups = {"server_groups"} if tuple(map(int, version.split("."))) >= (2, 71) else set()
        assert set(one) == expected | groups, version


def test_what_administrators_see(api):
    (server,) = put(api.cells, make_server(1, user_data="QUJD"))
    path = f"/servers/{server.id}"
    old = api.ask("GET", path, user="admin:p1").json["server"]
    extra = {key.removeprefix("OS-EXT-SRV-ATTR:") for key in set(old) - BASE}
    assert extra == {"host", "instance_name", "hypervisor_hostname"}
    assert old["OS-EXT-SRV-ATTR:instance_name"] == "instance-00000001"
    new = api.ask("GET", path, user="admin:p1", version="2.3").json["server"]
    more = {"hostname", "kernel_id", "launch_index", "ramdisk_id", "reservation_id",
            "root_device_name", "user_data"}  # fmt: skip
    assert {key.removeprefix("OS-EXT-SRV-ATTR:") for key in set(new) - set(old)} == more
    status = api.ask("GET", path, user="admin:p1", version="2.16").json["server"]["host_status"]
    assert status == "UNKNOWN"


def test_values_of_a_server(api):
    fault = Fault(code=500, message="No valid host", created_at=NOW, details="why")
    (server,) = put(
        api.cells,
        make_server(
            1, state="error", fault=fault, attachments=(Attachment(id="b1", device="/dev/vdb", volume_id="v1"),), locked_by="admin",
            locked_reason="audit", trusted_certs=("c",), hints={"k": "v"}, group_id=CELL1,
            access_ip_v4="192.0.2.1", config_drive=True, pinned_zone="z",
        ),
    )  # fmt: skip
    path = f"/servers/{server.id}"
    view = api.ask("GET", path, version="2.104").json["server"]
    expected = {
        "status": "ERROR",
        "fault": {"code": 500, "created": "2026-03-04T05:06:07Z", "message": "No valid host"},
        "created": "2026-03-04T05:06:08Z",
        "OS-SRV-USG:launched_at": "2026-03-04T05:06:08.891011",
        "hostId": hashlib.sha224(b"p1host1").hexdigest(),
        "addresses": {
            "private": [
                {
                    "version": 4,
                    "addr": "10.0.0.2",
                    "OS-EXT-IPS:type": "fixed",
                    "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:00:00:01",
                }
            ]
        },
        "flavor": {
            "vcpus": 1, "ram": 512, "disk": 1, "ephemeral": 0, "swap": 0,
            "original_name": "m1.tiny", "extra_specs": {"a": "b"},
        },
        "image": {
            "id": IMAGE.id,
            "links": [{"rel": "bookmark", "href": f"http://localhost/images/{IMAGE.id}"}],
            "properties": {"hw_disk_bus": "virtio"},
        },
        "os-extended-volumes:volumes_attached": [{"id": "v1", "delete_on_termination": False}],
        "locked": True,
        "locked_reason": "audit",
        "trusted_image_certificates": ["c"],
        "scheduler_hints": {"k": "v"},
        "server_groups": [CELL1],
        "accessIPv4": "192.0.2.1",
        "config_drive": "True",
        "pinned_availability_zone": "z",
        "security_groups": [{"name": "default"}],
    }  # fmt: skip
    assert {key: view[key] for key in expected} == expected
    assert "progress" not in view
    old = api.ask("GET", path, version="2.46").json["server"]
    assert old["flavor"]["id"] == "1"
    assert set(old["flavor"]) == {"id", "links"}
    admin = api.ask("GET", path, user="admin:p1").json["server"]
    assert admin["fault"]["details"] == "why"
    assert api.ask("GET", path).json["server"]["os-extended-volumes:volumes_attached"] == [
        {"id": "v1"}
    ]


def test_a_building_server_has_no_addresses(api):
    (server,) = put(api.cells, make_server(1, state="building", image=None, host=None))
    view = api.ask("GET", f"/servers/{server.id}").json["server"]
    assert (view["addresses"], view["image"], view["hostId"]) == ({}, "", "")
    assert api.ask("GET", f"/servers/{server.id}/ips").json == {"addresses": {}}


def test_ips(api):
    (server,) = put(api.cells, make_server(1))
    path = f"/servers/{server.id}/ips"
    private = {"private": [{"version": 4, "addr": "10.0.0.2"}]}
    assert api.ask("GET", path).json == {"addresses": private}
    assert api.ask("GET", f"{path}/private").json == private
    assert api.ask("GET", f"{path}/public").status_int == 404
    assert api.ask("GET", path, user="x:p2").status_int == 404
    assert api.ask("GET", f"{path}?x=1").status_int == 200
    assert api.ask("GET", f"{path}?x=1", version="2.102").status_int == 400


def test_roles(api):
    (server,) = put(api.cells, make_server(1))
    for path in ("/servers", "/servers/detail", f"/servers/{server.id}"):
        assert api.ask("GET", path, **{"X-Roles": "nothing"}).status_int == 403
        assert api.ask("GET", path, **{"X-Roles": "reader"}).status_int == 200


def test_down_cells(api, monkeypatch):
    near, far = put(api.cells, make_server(1), make_server(2))
    real = api.cells.database

    def database(cell_id):
        if cell_id == CELL1:
            raise errors.Unavailable("The database does not answer.")
        return real(cell_id)

    monkeypatch.setattr(api.cells, "database", database)
    assert api.ask("GET", "/servers", version="2.68").json == {"servers": []}
    entry, _other = api.ask("GET", "/servers", version="2.69").json["servers"]
    assert (entry["id"], entry["status"], set(entry)) == (
        far.id, "UNKNOWN", {"id", "status", "links"}
    )  # fmt: skip
    detail = api.ask("GET", "/servers/detail", version="2.69").json["servers"][0]
    assert set(detail) == {"id", "status", "links", "tenant_id", "created"}
    assert api.ask("GET", "/servers?name=x", version="2.69").json == {"servers": []}
    assert api.ask("GET", "/servers?limit=1", version="2.69").json == {"servers": []}
    one = api.ask("GET", f"/servers/{near.id}", version="2.71").json["server"]
    assert (one["status"], one["OS-EXT-STS:power_state"], one["server_groups"]) == (
        "UNKNOWN", 0, []
    )  # fmt: skip
    assert api.ask("GET", f"/servers/{near.id}", version="2.68").status_int == 503
    assert api.ask("GET", f"/servers/{near.id}", version="2.69", user="x:p2").status_int == 404


def test_statements_of_lists_do_not_grow(api):
    seen = []
    for database in (api.cells.api, *(api.cells.database(c.id) for c in api.cells.all_())):
        sa.event.listen(
            database.engine, "before_cursor_execute", lambda *args: seen.append(args[2])
        )

    def count(path):
        seen.clear()
        assert api.ask("GET", path, version="latest", user="admin:p1").status_int == 200
        return len([text for text in seen if "FROM" in text])

    put(api.cells, *(make_server(number) for number in range(3)))
    few = [count("/servers"), count("/servers/detail")]
    put(api.cells, *(make_server(number) for number in range(3, 40)))
    assert [count("/servers"), count("/servers/detail")] == few == [2, 3]


def test_times_in_queries_may_have_a_zone(api):
    put(api.cells, make_server(1))
    zone = dt.timezone(dt.timedelta(hours=2))
    after = (NOW + dt.timedelta(hours=1)).replace(tzinfo=dt.UTC).astimezone(zone)
    query = after.isoformat().replace("+", "%2B")
    assert names(api, f"/servers?changes-since={query}") == []
