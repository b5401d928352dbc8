# SPDX-License-Identifier: Apache-2.0
"""Unmodified clients against a whole cloud: volumes at servers, at the versions that changed them."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.whole_cloud import WholeCloud

from nova_appliance.common import clock, ids

from .test_server_extras import (  # the same small cloud
    admin,  # noqa: F401
    ask,
    do,
    sentence,
    server,  # noqa: F401
    whole,  # noqa: F401
)


def new_volume(connection: Any, **fields: Any) -> Any:
    made = connection.block_storage.create_volume(size=1, **fields)
    return connection.block_storage.wait_for_status(made, "available", interval=0.1)


@pytest.fixture
def volume(admin: Any) -> Any:  # noqa: F811
    return new_volume(admin)


def path_of(server_id: str, volume_id: str = "") -> str:
    return f"/servers/{server_id}/os-volume_attachments" + (f"/{volume_id}" if volume_id else "")


def attach(
    connection: Any, server_id: str, volume_id: str, version: str = "2.1", **wanted: Any
) -> tuple[int, Any]:
    body = {"volumeAttachment": {"volumeId": volume_id} | wanted}
    return ask(connection, "POST", path_of(server_id), version, json=body)


def status_is(connection: Any, volume_id: str, status: str) -> bool:
    volumes = connection.block_storage
    return clock.wait_for(lambda: volumes.get_volume(volume_id).status == status, 20, 0.1)


def put(connection: Any, server_id: str, volume_id: str, version: str, **asked: Any) -> Any:
    path = path_of(server_id, volume_id)
    return ask(connection, "PUT", path, version, json={"volumeAttachment": asked})


def detach(connection: Any, server_id: str, volume_id: str) -> None:
    assert ask(connection, "DELETE", path_of(server_id, volume_id))[0] == 202
    assert status_is(connection, volume_id, "available")
    assert ask(connection, "GET", path_of(server_id, volume_id))[0] == 404


def test_openstack_adds_and_removes_volumes(whole: WholeCloud, admin: Any, server: Any) -> None:  # noqa: F811
    volume = new_volume(admin, name="disk")
    told = whole.openstack("server", "add", "volume", "one", "disk", "-f", "json")
    assert told["Device"] == "/dev/vdb"
    assert status_is(admin, volume.id, "in-use")
    (listed,) = whole.openstack("server", "volume", "list", "one", "-f", "json")
    assert listed["Volume ID"] == volume.id
    (seen,) = admin.block_storage.get_volume(volume.id).attachments
    assert (seen["server_id"], seen["device"]) == (server.id, "/dev/vdb")
    shown = whole.openstack("server", "show", "one", "-f", "json")
    assert shown["volumes_attached"] == [{"delete_on_termination": False, "id": volume.id}]
    whole.openstack("server", "volume", "update", "--delete-on-termination", "one", volume.id)
    shown = whole.openstack("server", "show", "one", "-f", "json")
    assert shown["volumes_attached"][0]["delete_on_termination"] is True
    whole.openstack("server", "remove", "volume", "one", "disk")
    assert status_is(admin, volume.id, "available")
    assert whole.openstack("server", "volume", "list", "one", "-f", "json") == []
    actions = ask(admin, "GET", f"/servers/{server.id}/os-instance-actions")[1]["instanceActions"]
    assert {"attach_volume", "detach_volume"} <= {one["action"] for one in actions}


def test_what_is_shown_by_version(admin: Any, server: Any, volume: Any) -> None:  # noqa: F811
    assert attach(admin, server.id, volume.id, "2.48", tag="t")[0] == 400
    assert attach(admin, server.id, volume.id, "2.78", delete_on_termination=True)[0] == 400
    status, data = attach(admin, server.id, volume.id, "2.79", tag="t", delete_on_termination=True)
    assert (status, data["volumeAttachment"]) == (
        200,
        {
            "id": volume.id, "volumeId": volume.id, "serverId": server.id, "device": "/dev/vdb",
            "tag": "t", "delete_on_termination": True,
        },
    )  # fmt: skip
    assert status_is(admin, volume.id, "in-use")
    keys = {"volumeId", "serverId", "device"}
    for version, more in (
        ("2.1", {"id"}),
        ("2.70", {"id", "tag"}),
        ("2.79", {"id", "tag", "delete_on_termination"}),
        ("2.89", {"tag", "delete_on_termination", "attachment_id", "bdm_uuid"}),
    ):
        listed = ask(admin, "GET", path_of(server.id), version)[1]["volumeAttachments"]
        assert [set(one) for one in listed] == [keys | more]
        one = ask(admin, "GET", path_of(server.id, volume.id), version)[1]["volumeAttachment"]
        assert one == listed[0]
    assert ask(admin, "GET", path_of(server.id) + "?limit=0")[1] == {"volumeAttachments": []}
    assert ask(admin, "GET", path_of(server.id) + "?what=1", "2.75")[0] == 400
    detach(admin, server.id, volume.id)


def test_a_newer_client_gets_202_and_no_body(admin: Any, server: Any, volume: Any) -> None:  # noqa: F811
    assert attach(admin, server.id, volume.id, "2.101") == (202, None)
    assert status_is(admin, volume.id, "in-use")
    detach(admin, server.id, volume.id)


def test_what_put_changes_and_refuses(admin: Any, server: Any, volume: Any) -> None:  # noqa: F811
    assert attach(admin, server.id, volume.id)[0] == 200
    assert status_is(admin, volume.id, "in-use")
    same = {"volumeId": volume.id, "id": volume.id, "device": "/dev/vdb", "serverId": server.id}
    changed = put(admin, server.id, volume.id, "2.85", **same, delete_on_termination=True)
    assert changed[0] == 202
    shown = ask(admin, "GET", path_of(server.id, volume.id), "2.79")[1]["volumeAttachment"]
    assert shown["delete_on_termination"] is True
    wrong = put(admin, server.id, volume.id, "2.85", volumeId=volume.id, device="/dev/vdx")
    assert "device cannot be updated" in sentence(wrong, 400)
    other = new_volume(admin)
    refused = put(admin, server.id, volume.id, "2.85", volumeId=other.id)
    assert "does not move" in sentence(refused, 409)
    assert put(admin, server.id, volume.id, "2.85", volumeId=ids.new_id())[0] == 400
    assert put(admin, server.id, other.id, "2.85", volumeId=other.id)[0] == 404
    detach(admin, server.id, volume.id)


def test_what_attaching_refuses(whole: WholeCloud, admin: Any, server: Any, volume: Any) -> None:  # noqa: F811
    assert attach(admin, server.id, ids.new_id())[0] == 404
    assert attach(admin, server.id, "none")[0] == 400
    assert attach(admin, server.id, volume.id, device="vdb")[0] == 400
    assert attach(admin, server.id, volume.id)[0] == 200
    assert "already attached" in sentence(attach(admin, server.id, volume.id), 400)
    assert status_is(admin, volume.id, "in-use")
    shared = new_volume(admin, volume_type="multiattach")
    assert "2.60" in sentence(attach(admin, server.id, shared.id, "2.59"), 400)
    assert attach(admin, server.id, shared.id, "2.60")[0] == 200
    assert status_is(admin, shared.id, "in-use")
    demo = whole.connect("demo")
    assert ask(demo, "GET", path_of(server.id))[0] == 404
    assert do(admin, server, lock=None)[0] == 202
    assert ask(demo, "DELETE", path_of(server.id, volume.id))[0] == 404
    assert do(admin, server, unlock=None)[0] == 202
    for one in (volume, shared):
        detach(admin, server.id, one.id)
    assert ask(admin, "DELETE", path_of(server.id, volume.id))[0] == 404


def test_a_deleted_server_leaves_its_volumes_or_takes_them_along(admin: Any) -> None:  # noqa: F811
    stays, goes = new_volume(admin), new_volume(admin)
    made = admin.compute.create_server(
        name="short", image_id=admin.image.find_image("tiny").id,
        flavor_id=admin.compute.find_flavor("m1.tiny").id,
        networks=[{"uuid": admin.network.find_network("private").id}],
    )  # fmt: skip
    server = admin.compute.wait_for_server(made, wait=60)  # noqa: F811
    assert attach(admin, server.id, stays.id)[0] == 200
    assert attach(admin, server.id, goes.id, "2.79", delete_on_termination=True)[0] == 200
    assert status_is(admin, stays.id, "in-use")
    assert status_is(admin, goes.id, "in-use")
    admin.compute.delete_server(server)
    admin.compute.wait_for_delete(server, wait=30)
    assert status_is(admin, stays.id, "available")
    assert clock.wait_for(lambda: admin.block_storage.find_volume(goes.id) is None, 20)
