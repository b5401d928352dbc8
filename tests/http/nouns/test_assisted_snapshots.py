# SPDX-License-Identifier: Apache-2.0
"""os-assisted-volume-snapshots: the wire, and what is refused before anything begins."""

import json
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from fixtures.cells import CELL1, make_server, put
from fixtures.compute_api import PROJECT, USER, make_compute_api
from fixtures.volumes import FakeVolumes

from nova_appliance.common import ids
from nova_appliance.db import servers
from nova_appliance.db.tables import cell
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.saga import DONE

PATH = "/os-assisted-volume-snapshots"
WAY = {"driver_volume_type": "nfs", "data": {"name": "volume-1", "export": "a:/b"}}


@pytest.fixture
def api(tmp_path):
    return make_compute_api(tmp_path, volumes=FakeVolumes())


@pytest.fixture
def volume_id(api):
    return api.cloud.volumes.add().id


def told(volume_id, **info):
    facts = {"snapshot_id": ids.new_id(), "type": "qcow2", "new_file": "over", "id": "mine"}
    return {"snapshot": {"volume_id": volume_id, "create_info": facts | info}}


def ended(volume_id, **info):
    facts = {"volume_id": volume_id, "type": "qcow2", "file_to_merge": "over"} | info
    return f"{PATH}/{ids.new_id()}?" + urlencode({"delete_info": json.dumps(facts)})


@pytest.fixture
def server(api, volume_id):
    one = Attachment(id=ids.new_id(), device="/dev/vdb", volume_id=volume_id, connection=WAY)
    facts = {"project_id": PROJECT, "state": "active", "task": None, "host": "h1"}
    (made,) = put(api.cloud.cells, make_server(1, attachments=(one,), **facts))
    known = api.cloud.volumes
    known.complete(known.keep(ids.new_id(), volume_id, made.id))
    return made


def orders(api):
    with api.cloud.cells.database(CELL1).read() as conn:
        rows = conn.execute(sa.select(cell.SAGAS.c.name, cell.SAGAS.c.order_)).all()
    return [(name, order) for name, order in rows]


def end_all(api):
    """What was begun is done."""
    with api.cloud.cells.database(CELL1).write() as conn:
        conn.execute(sa.update(cell.SAGAS).values(state=DONE))


def test_a_snapshot_begins_and_ends(api, volume_id, server):
    asked = told(volume_id)
    answer = api.post(PATH, asked)
    assert (answer.status, answer.data) == (
        200,
        {"snapshot": {"id": "mine", "volumeId": volume_id}},
    )
    early = api.delete(ended(volume_id, merge_target_file="base"), "2.75")
    assert early.status == 400
    assert "is just being copied" in early.data["badRequest"]["message"]
    end_all(api)
    assert api.delete(ended(volume_id, merge_target_file="base"), "2.75").status == 204
    assert [name for name, _order in orders(api)] == ["snapshot_volume", "merge_volume"]
    assert "over" in str(orders(api)[0][1])


def test_only_services_and_administrators_ask(api, volume_id, server):
    assert api.post(PATH, told(volume_id), who=USER).status == 403
    assert api.delete(ended(volume_id), who=USER).status == 403


@pytest.mark.parametrize(
    "info",
    [
        {"type": "raw"}, {"new_file": ""}, {"new_file": "../over"}, {"new_file": "/etc/over"},
        {"snapshot_id": ""}, {"more": 1},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_bodies(api, volume_id, server, info):
    assert api.post(PATH, told(volume_id, **info)).status == 400
    assert orders(api) == []


@pytest.mark.parametrize(
    "query",
    [
        "", "?delete_info=", "?delete_info={", "?delete_info=[]", "?delete_info={}",
        '?delete_info={"volume_id":1}', '?delete_info={"volume_id":"x","type":"raw"}',
    ],
)  # fmt: skip
def test_wrong_queries(api, server, query):
    assert api.delete(f"{PATH}/{ids.new_id()}{query}").status == 400


def test_wrong_names_and_unknown_queries(api, volume_id, server):
    assert api.delete(ended(volume_id, file_to_merge="a/b")).status == 400
    assert api.delete(ended(volume_id) + "&more=1", "2.74").status == 204
    assert api.delete(ended(volume_id) + "&more=1", "2.75").status == 400


def test_volumes_that_no_server_or_several_may_have(api, volume_id, server):
    free = api.cloud.volumes.add().id
    assert "No server" in api.post(PATH, told(free)).message
    assert "could not be found" in api.post(PATH, told(ids.new_id())).message
    shared = api.cloud.volumes.add(multiattach=True).id
    assert "several" in api.post(PATH, told(shared)).message


def test_a_server_with_a_task_is_told_as_wrong_input(api, volume_id, server):
    with api.cloud.cells.database(CELL1).write() as conn:
        assert servers.move(conn, server.id, "pause")
    assert api.post(PATH, told(volume_id)).status == 400
    assert api.delete(ended(volume_id)).status == 400
    assert orders(api) == []
