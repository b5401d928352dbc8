# SPDX-License-Identifier: Apache-2.0
"""Attachments: reserve, connect, complete, release; a volume's status follows from them."""

from __future__ import annotations

import pytest

CONNECTOR = {"host": "one", "mountpoint": "/dev/vdb"}
SERVER = "0d5e3f7a-91f5-4c8e-8a66-0b8a6f1d2c33"
OTHER = "0d5e3f7a-91f5-4c8e-8a66-0b8a6f1d2c34"


@pytest.fixture
def volume(rig):
    return rig.volume()["id"]


def attach(rig, volume, server=SERVER, status=200, **fields):
    asked = {"volume_uuid": volume, "instance_uuid": server} | fields
    answer = rig.ask("POST", "attachments", {"attachment": asked}, status=status)
    return answer.get("attachment")


def state(rig, volume):
    return rig.ask("GET", f"volumes/{volume}")["volume"]["status"]


def test_the_whole_way(rig, volume):
    reserved = attach(rig, volume)
    assert (reserved["status"], reserved["connection_info"]) == ("reserved", {})
    assert state(rig, volume) == "reserved"
    path = f"attachments/{reserved['id']}"
    connected = rig.ask("PUT", path, {"attachment": {"connector": CONNECTOR}})["attachment"]
    assert connected["connection_info"]["device_path"] == str(rig.disk(volume))
    assert connected["connection_info"]["driver_volume_type"] == "local"
    assert state(rig, volume) == "attaching"
    for _ in range(2):
        rig.ask("POST", f"{path}/action", {"os-complete": None}, status=204)
    assert state(rig, volume) == "in-use"
    (seen,) = rig.ask("GET", f"volumes/{volume}")["volume"]["attachments"]
    assert (seen["server_id"], seen["device"], seen["host_name"]) == (SERVER, "/dev/vdb", "one")
    assert seen["attachment_id"] == reserved["id"]
    rig.ask("DELETE", f"volumes/{volume}", status=400)
    rig.act(volume, "os-begin_detaching")
    assert state(rig, volume) == "detaching"
    rig.act(volume, "os-roll_detaching")
    assert rig.ask("DELETE", path) == {"attachments": []}
    assert state(rig, volume) == "available"
    rig.ask("GET", path, status=404)


def test_one_server_at_a_time(rig, volume):
    attach(rig, volume)
    attach(rig, volume, OTHER, status=400)
    twin = attach(rig, volume)  # the same server once more, as when it moves
    assert len(rig.ask("GET", f"attachments?volume_id={volume}")["attachments"]) == 2
    rig.ask("DELETE", f"attachments/{twin['id']}")
    assert state(rig, volume) == "reserved"


def test_several_servers_share_a_volume_made_for_it(rig):
    volume = rig.volume(volume_type="multiattach")
    assert volume["multiattach"] is True
    for server in (SERVER, OTHER):
        made = attach(rig, volume["id"], server, connector=CONNECTOR)
        rig.ask("POST", f"attachments/{made['id']}/action", {"os-complete": {}}, status=204)
    seen = rig.ask("GET", f"volumes/{volume['id']}")["volume"]["attachments"]
    assert {one["server_id"] for one in seen} == {SERVER, OTHER}
    found = rig.ask("GET", f"attachments?instance_id={OTHER}")["attachments"]
    rig.ask("DELETE", f"attachments/{found[0]['id']}")
    assert state(rig, volume["id"]) == "in-use"


def test_bad_requests_reserve_nothing(rig, volume, nowhere):
    attach(rig, nowhere, status=404)
    attach(rig, "none", status=400)
    attach(rig, volume, "none", status=400)
    attach(rig, volume, mode="wo", status=400)
    attach(rig, volume, connector="host", status=400)
    assert rig.ask("GET", "attachments")["attachments"] == []
    assert state(rig, volume) == "available"


def test_other_projects_see_no_attachment(rig, volume):
    made = attach(rig, volume, connector=CONNECTOR)
    rig.ask("GET", f"attachments/{made['id']}", who="other", status=404)
    assert rig.ask("GET", "attachments/detail", who="other")["attachments"] == []
    rig.act(volume, "os-force_detach", 403)
    rig.act(volume, "os-force_detach", who="admin", attachment_id=made["id"])
    assert state(rig, volume) == "available"


def test_a_server_without_a_host_has_its_volume_in_use_before_a_host_is_known(rig, volume):
    """As Cinder, which completes an attachment without a connector."""
    path = f"attachments/{attach(rig, volume)['id']}"
    rig.ask("POST", f"{path}/action", {"os-complete": None}, status=204)
    assert state(rig, volume) == "in-use"
    told = rig.ask("PUT", path, {"attachment": {"connector": CONNECTOR}})["attachment"]
    assert told["connection_info"]["device_path"] == str(rig.disk(volume))
    assert state(rig, volume) == "in-use"
