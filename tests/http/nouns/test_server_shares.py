# SPDX-License-Identifier: Apache-2.0
"""/servers/{id}/shares: the wire, and what is refused before anything begins."""

import msgspec
import pytest
from fixtures.cells import CELL1, make_server, put
from fixtures.compute_api import FOREIGNER, PROJECT, USER, make_compute_api
from fixtures.shares import FakeShares

from nova_appliance.common import ids
from nova_appliance.db import servers
from nova_appliance.domain import openstack_tree
from nova_appliance.domain import share as kept
from nova_appliance.domain.guest_data import of_row

AT = "2.97"
IMAGE = "70a599e0-31e7-49b7-b260-868f441e862b"


@pytest.fixture
def api(tmp_path):
    made = make_compute_api(tmp_path, shares=FakeShares())
    made.add_host("h1")
    return made


def server_of(api, *shares, **fields):
    facts = {"project_id": PROJECT, "state": "stopped", "power": 4, "task": None, "host": "h1"}
    memory = kept.remembered({}, shares)
    return put(api.cloud.cells, make_server(1, system_metadata=memory, **facts | fields))[0]


def has(share, **fields):
    facts = {"id": ids.new_id(), "share_id": share.id, "tag": "data", "export": share.export}
    return kept.ShareAttachment(**facts | {"status": kept.INACTIVE} | fields)


def attach(api, server, share_id, who=USER, version=AT, **more):
    asked = {"share": {"share_id": share_id} | more}
    return api.post(f"/servers/{server.id}/shares", asked, version, who=who)


def row_of(api, server):
    with api.cloud.cells.database(CELL1).read() as conn:
        return servers.get(conn, CELL1, server.id)


def test_a_share_is_attached_and_listed(api):
    server, share = server_of(api), api.cloud.shares.add()
    answer = attach(api, server, share.id)
    seen = {"share_id": share.id, "status": "attaching", "tag": share.id}
    assert (answer.status, answer.data) == (201, {"share": seen})
    path = f"/servers/{server.id}/shares"
    assert api.get(path, AT, who=USER).data == {"shares": [seen]}
    assert api.get(f"{path}/{share.id}", AT, who=USER).data == {"share": seen}
    whole = api.get(f"{path}/{share.id}", AT).data["share"]
    assert whole.pop("uuid")
    assert whole == seen | {"export_location": share.export}


def test_below_2_97_there_are_none(api):
    server, share = server_of(api), api.cloud.shares.add()
    assert attach(api, server, share.id, version="2.96").status == 404
    assert api.get(f"/servers/{server.id}/shares", "2.96").status == 404


def test_others_are_refused_and_unknown_ones_not_found(api):
    server, share = server_of(api), api.cloud.shares.add()
    assert attach(api, server, share.id, who=FOREIGNER).status == 403
    assert api.get(f"/servers/{server.id}/shares", AT, who=FOREIGNER).status == 403
    assert api.get(f"/servers/{ids.new_id()}/shares", AT).status == 404
    for method in ("GET", "DELETE"):
        path = f"/servers/{server.id}/shares/{share.id}"
        assert api.ask(method, path, None, AT).status == 404
    assert attach(api, server, ids.new_id()).status == 404


@pytest.mark.parametrize("more", [{"tag": ""}, {"tag": "a b"}, {"tag": "x" * 37}, {"more": 1}])
def test_wrong_bodies(api, more):
    server, share = server_of(api), api.cloud.shares.add()
    assert attach(api, server, share.id, **more).status == 400
    assert attach(api, server, "no-id").status == 400
    assert api.get(f"/servers/{server.id}/shares?more=1", AT).status == 400


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "creating"}, "is creating"),
        ({"protocol": "CIFS"}, "CIFS is not supported"),
        ({"export": ""}, "no export location"),
    ],
)
def test_shares_that_cannot_be_had(api, fields, words):
    answer = attach(api, server_of(api), api.cloud.shares.add(**fields).id)
    assert answer.status == 409
    assert words in answer.message


def test_a_share_or_tag_twice_is_a_conflict(api):
    share, other = api.cloud.shares.add(), api.cloud.shares.add()
    server = server_of(api, has(share))
    assert "already associated" in attach(api, server, share.id).message
    assert "in use" in attach(api, server, other.id, tag="data").message


def test_only_servers_that_are_off_get_and_lose_shares(api):
    share = api.cloud.shares.add()
    running = server_of(api, has(share), state="active", power=1)
    assert attach(api, running, api.cloud.shares.add().id).status == 409
    path = f"/servers/{running.id}/shares/{share.id}"
    assert api.get(path, AT).data["share"]["status"] == "active"
    assert api.delete(path, AT).status == 409
    assert attach(api, server_of(api, host=None), api.cloud.shares.add().id).status == 409


def test_a_share_leaves(api):
    share, busy = api.cloud.shares.add(), api.cloud.shares.add()
    server = server_of(api, has(share), has(busy, tag="b", status=kept.ATTACHING), state="error")
    path = f"/servers/{server.id}/shares"
    assert api.delete(f"{path}/{busy.id}", AT, who=USER).status == 409
    assert api.delete(f"{path}/{share.id}", AT, who=USER).status == 200
    statuses = {one.share_id: one.status for one in kept.of(row_of(api, server).system_metadata)}
    assert statuses == {share.id: "detaching", busy.id: "attaching"}


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ({"suspend": None}, 409), ({"shelve": None}, 409), ({"migrate": None}, 409),
        ({"os-migrateLive": {"host": None, "block_migration": "auto"}}, 409),
        ({"evacuate": {}}, 409), ({"rebuild": {"imageRef": IMAGE}}, 400),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_done_to_servers_with_shares(api, action, status):
    server = server_of(api, has(api.cloud.shares.add()), state="active", power=1)
    answer = api.post(f"/servers/{server.id}/action", action, AT)
    assert answer.status == status
    assert "shares" in answer.message


def test_without_a_share_service_there_are_no_shares(api, tmp_path):
    (tmp_path / "other").mkdir()
    bare = make_compute_api(tmp_path / "other")
    server = server_of(bare)
    assert attach(bare, server, ids.new_id()).status == 503


def test_a_guest_is_told_of_its_shares(api):
    share = api.cloud.shares.add()
    server = server_of(api, has(share), has(share, tag="b", status=kept.ERROR))
    told = msgspec.json.decode(openstack_tree.files(of_row(server, ""), "latest")["meta_data.json"])
    assert told["devices"] == [{"type": "share", "share_id": share.id, "tag": "data"}]
    older = msgspec.json.decode(
        openstack_tree.files(of_row(server, ""), "2020-10-14")["meta_data.json"]
    )
    assert older["devices"] == []
