# SPDX-License-Identifier: Apache-2.0
"""Unmodified clients against a whole cloud: volumes at servers, at the versions that changed them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fixtures.whole_cloud import WholeCloud

from nova_appliance.common import clock, ids

from .asking import ask, do, sentence


def new_volume(connection: Any, **fields: Any) -> Any:
    made = connection.block_storage.create_volume(size=1, **fields)
    return connection.block_storage.wait_for_status(made, "available", interval=0.1)


@pytest.fixture(autouse=True)
def _room(admin: Any) -> None:
    """For the volumes of all tests here, which share one project."""
    project = admin.current_project_id
    admin.block_storage.update_quota_set(project, volumes=100, snapshots=100)


@pytest.fixture
def volume(admin: Any) -> Any:
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
    return clock.wait_for(lambda: volumes.get_volume(volume_id).status == status, 60, 0.1)


def put(connection: Any, server_id: str, volume_id: str, version: str, **asked: Any) -> Any:
    path = path_of(server_id, volume_id)
    return ask(connection, "PUT", path, version, json={"volumeAttachment": asked})


def detach(connection: Any, server_id: str, volume_id: str) -> None:
    assert ask(connection, "DELETE", path_of(server_id, volume_id))[0] == 202
    assert status_is(connection, volume_id, "available")
    assert ask(connection, "GET", path_of(server_id, volume_id))[0] == 404


def test_openstack_adds_and_removes_volumes(whole: WholeCloud, admin: Any, server: Any) -> None:
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


def test_what_is_shown_by_version(admin: Any, server: Any, volume: Any) -> None:
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


def test_a_newer_client_gets_202_and_no_body(admin: Any, server: Any, volume: Any) -> None:
    assert attach(admin, server.id, volume.id, "2.101") == (202, None)
    assert status_is(admin, volume.id, "in-use")
    detach(admin, server.id, volume.id)


def test_what_put_changes_and_refuses(admin: Any, server: Any, volume: Any) -> None:
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


def test_openstack_gives_a_volume_in_use_another_type(
    whole: WholeCloud, admin: Any, server: Any, volume: Any
) -> None:
    """The volume service asks for the swap, and is told how it ended."""
    assert attach(admin, server.id, volume.id)[0] == 200
    assert status_is(admin, volume.id, "in-use")
    for name in ("qcow2", "files"):
        words = ("volume", "set", "--type", name, "--retype-policy", "on-demand", volume.id)
        whole.openstack(*words)
        assert status_is(admin, volume.id, "in-use")
        seen = admin.block_storage.get_volume(volume.id)
        assert (seen.volume_type, seen.migration_status) == (name, "success")
        assert [one["server_id"] for one in seen.attachments] == [server.id]
        (listed,) = ask(admin, "GET", path_of(server.id))[1]["volumeAttachments"]
        assert listed["volumeId"] == volume.id
    detach(admin, server.id, volume.id)


def test_what_attaching_refuses(whole: WholeCloud, admin: Any, server: Any, volume: Any) -> None:
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


def test_a_deleted_server_leaves_its_volumes_or_takes_them_along(admin: Any) -> None:
    stays, goes = new_volume(admin), new_volume(admin)
    made = admin.compute.create_server(
        name="short", image_id=admin.image.find_image("tiny").id,
        flavor_id=admin.compute.find_flavor("m1.tiny").id,
        networks=[{"uuid": admin.network.find_network("private").id}],
    )  # fmt: skip
    server = admin.compute.wait_for_server(made, wait=180)
    assert attach(admin, server.id, stays.id)[0] == 200
    assert attach(admin, server.id, goes.id, "2.79", delete_on_termination=True)[0] == 200
    assert status_is(admin, stays.id, "in-use")
    assert status_is(admin, goes.id, "in-use")
    admin.compute.delete_server(server)
    admin.compute.wait_for_delete(server, wait=180)
    assert status_is(admin, stays.id, "available")
    assert clock.wait_for(lambda: admin.block_storage.find_volume(goes.id) is None, 60)


def boot(connection: Any, name: str, *devices: dict[str, Any], **more: Any) -> Any:
    return connection.compute.create_server(
        name=name, flavor_id=connection.compute.find_flavor("m1.tiny").id,
        networks=[{"uuid": connection.network.find_network("private").id}],
        block_device_mapping=list(devices), **more,
    )  # fmt: skip


def gone(connection: Any, server: Any) -> None:
    connection.compute.delete_server(server)
    connection.compute.wait_for_delete(server, wait=180)


def test_openstack_boots_from_a_volume(whole: WholeCloud, admin: Any) -> None:
    made = whole.openstack(
        "server", "create", "--flavor", "m1.tiny", "--image", "tiny", "--network", "private",
        "--boot-from-volume", "1", "--wait", "backed", "-f", "json",
    )  # fmt: skip
    assert made["status"] == "ACTIVE"
    assert made["image"] == "N/A (booted from volume)"
    (attached,) = made["volumes_attached"]
    volume = admin.block_storage.get_volume(attached["id"])
    assert (volume.status, volume.is_bootable) == ("in-use", True)
    assert volume.volume_image_metadata["image_name"] == "tiny"
    refused = ask(admin, "DELETE", path_of(made["id"], volume.id))
    assert "root device" in sentence(refused, 400)
    listed = ask(admin, "GET", "/servers/detail?name=backed")[1]["servers"]
    assert [one["image"] for one in listed] == [""]
    gone(admin, admin.compute.get_server(made["id"]))
    assert status_is(admin, volume.id, "available")
    again = boot(admin, "again", {
        "uuid": volume.id, "source_type": "volume", "destination_type": "volume", "boot_index": 0,
        "delete_on_termination": True,
    })  # fmt: skip
    gone(admin, admin.compute.wait_for_server(again, wait=180))
    assert clock.wait_for(lambda: admin.block_storage.find_volume(volume.id) is None, 60)


def test_a_snapshot_and_blank_disks_are_mapped(admin: Any) -> None:
    image = admin.image.find_image("tiny").id
    source = new_volume(admin, image_id=image)
    snapshot = admin.block_storage.create_snapshot(volume_id=source.id, name="s")
    admin.block_storage.wait_for_status(snapshot, "available", interval=0.1)
    made = boot(
        admin, "mapped",
        {"uuid": snapshot.id, "source_type": "snapshot", "destination_type": "volume",
         "boot_index": 0, "delete_on_termination": True},
        {"source_type": "blank", "destination_type": "volume", "volume_size": 2,
         "delete_on_termination": True, "volume_type": "files", "tag": "data"},
    )  # fmt: skip
    server = admin.compute.wait_for_server(made, wait=180)
    listed = ask(admin, "GET", path_of(server.id), "2.89")[1]["volumeAttachments"]
    assert [(one["device"], one["tag"]) for one in listed] == [
        ("/dev/vda", None),
        ("/dev/vdb", "data"),
    ]
    sizes = [admin.block_storage.get_volume(one["volumeId"]).size for one in listed]
    assert sizes == [1, 2]
    gone(admin, server)
    mapped = {one["volumeId"] for one in listed}
    volumes = admin.block_storage.volumes
    assert clock.wait_for(lambda: not mapped & {one.id for one in volumes()}, 60)


def test_volumes_that_cannot_be_made_fail_the_server_and_leave_nothing(admin: Any) -> None:
    volumes = admin.block_storage
    before = {one.id for one in volumes.volumes(all_projects=True)}
    project = admin.current_project_id
    volumes.update_quota_set(project, volumes=len(list(volumes.volumes())) + 1)
    blank = {
        "source_type": "blank",
        "destination_type": "volume",
        "volume_size": 1,
        "boot_index": -1,
    }
    image = admin.image.find_image("tiny").id
    root = {"uuid": image, "source_type": "image", "destination_type": "local", "boot_index": 0}
    made = boot(admin, "short of volumes", root, blank, blank)
    assert clock.wait_for(lambda: admin.compute.get_server(made.id).status == "ERROR", 60, 0.2)
    fault = ask(admin, "GET", f"/servers/{made.id}")[1]["server"]["fault"]
    assert "VolumeLimitExceeded" in fault["message"]
    assert clock.wait_for(lambda: {one.id for one in volumes.volumes()} <= before, 60)
    volumes.revert_quota_set(project)
    gone(admin, made)


def test_what_a_mapping_refuses(admin: Any) -> None:
    flavor = admin.compute.find_flavor("m1.tiny").id
    blank = {"source_type": "blank", "destination_type": "volume"}
    for mapping, words in (
        ([blank | {"destination_type": "local", "boot_index": 0}], "cannot be booted"),
        ([blank | {"boot_index": -1}], "Boot sequence"),
        ([{"source_type": "volume", "destination_type": "local", "uuid": ids.new_id()}], "local"),
    ):
        asked = {"name": "x", "flavorRef": flavor, "block_device_mapping_v2": mapping}
        answer = ask(admin, "POST", "/os-volumes_boot", json={"server": asked})
        assert words in sentence(answer, 400)
    old = {"volume_id": ids.new_id(), "device_name": "vda"}
    asked = {"name": "x", "flavorRef": flavor, "block_device_mapping": [old]}
    answer = ask(admin, "POST", "/servers", json={"server": asked})
    assert "failed to get volume" in sentence(answer, 400)


def test_the_old_proxies_to_volumes_and_snapshots(admin: Any, server: Any, volume: Any) -> None:
    body = {"volume": {"size": "1", "display_name": "old", "metadata": {"a": "b"}}}
    made = ask(admin, "POST", "/os-volumes", json=body)[1]["volume"]
    assert (made["displayName"], made["attachments"]) == ("old", [{}])
    assert status_is(admin, made["id"], "available")
    assert attach(admin, server.id, volume.id)[0] == 200
    assert status_is(admin, volume.id, "in-use")
    shown = ask(admin, "GET", f"/os-volumes/{volume.id}")[1]["volume"]
    (attached,) = shown["attachments"]
    assert (attached["serverId"], attached["device"]) == (server.id, "/dev/vdb")
    listed = {one["id"] for one in ask(admin, "GET", "/os-volumes/detail")[1]["volumes"]}
    assert {made["id"], volume.id} <= listed
    assert len(ask(admin, "GET", "/os-volumes?limit=1")[1]["volumes"]) == 1
    refused = ask(admin, "DELETE", f"/os-volumes/{volume.id}")
    assert "attached" in sentence(refused, 400)
    detach(admin, server.id, volume.id)
    body = {"snapshot": {"volume_id": made["id"], "display_name": "s"}}
    taken = ask(admin, "POST", "/os-snapshots", json=body)[1]["snapshot"]
    found = admin.block_storage.get_snapshot(taken["id"])
    admin.block_storage.wait_for_status(found, "available", interval=0.1)
    assert (
        ask(admin, "GET", f"/os-snapshots/{taken['id']}")[1]["snapshot"]["volumeId"] == made["id"]
    )
    assert taken["id"] in {one["id"] for one in ask(admin, "GET", "/os-snapshots")[1]["snapshots"]}
    assert ask(admin, "DELETE", f"/os-snapshots/{taken['id']}")[0] == 202
    admin.block_storage.wait_for_delete(found, interval=0.1)
    assert ask(admin, "DELETE", f"/os-volumes/{made['id']}")[0] == 202
    for path in ("/os-volumes/none", f"/os-snapshots/{ids.new_id()}"):
        assert ask(admin, "GET", path)[0] == 404
        assert ask(admin, "DELETE", path)[0] == 404
    assert ask(admin, "GET", "/os-volumes", "2.36")[0] == 404
    assert ask(admin, "POST", "/os-volumes", json={"volume": {"size": 0}})[0] == 400
    body = {"snapshot": {"volume_id": ids.new_id()}}
    assert ask(admin, "POST", "/os-snapshots", json=body)[0] == 400


def test_an_image_of_a_volume_backed_server_boots_its_copy(whole: WholeCloud, admin: Any) -> None:
    image = admin.image.find_image("tiny").id
    first = boot(admin, "origin", {
        "uuid": image, "source_type": "image", "destination_type": "volume", "volume_size": 1,
        "boot_index": 0, "delete_on_termination": True,
    })  # fmt: skip
    first = admin.compute.wait_for_server(first, wait=180)
    whole.openstack("server", "image", "create", "--name", "copy", "origin")
    made = admin.image.find_image("copy")
    assert (made.status, made.size) == ("active", 0)
    (snapshot,) = admin.block_storage.snapshots(details=True, name="snapshot for copy")
    admin.block_storage.wait_for_status(snapshot, "available", interval=0.1)
    told = whole.openstack(
        "server", "create", "--flavor", "m1.tiny", "--image", "copy", "--network", "private",
        "--wait", "copied", "-f", "json",
    )  # fmt: skip
    (attached,) = told["volumes_attached"]
    assert attached["delete_on_termination"] is True
    assert admin.block_storage.get_volume(attached["id"]).snapshot_id == snapshot.id
    for server in (first, admin.compute.get_server(told["id"])):
        gone(admin, server)
    admin.image.delete_image(made)
    assert clock.wait_for(
        lambda: not {attached["id"]} & {one.id for one in admin.block_storage.volumes()}, 20
    )


def begins(disk: Path, length: int) -> bytes:
    with disk.open("rb") as file:
        return file.read(length)


def test_openstack_rebuilds_a_server_on_its_volume(whole: WholeCloud, admin: Any) -> None:
    """From 2.93 the image is written over the root volume; before, only the same image will do."""
    other = admin.image.create_image(
        "another", data=b"another content".ljust(512, b"\0"), disk_format="raw",
        container_format="bare", visibility="public",
    )  # fmt: skip
    whole.openstack(
        "server", "create", "--image", "tiny", "--flavor", "m1.tiny", "--network", "private",
        "--boot-from-volume", "1", "--wait", "rebuilt",
    )  # fmt: skip
    made = admin.compute.find_server("rebuilt")
    (attached,) = ask(admin, "GET", path_of(made.id), "2.89")[1]["volumeAttachments"]
    disk = whole.settings.state_dir / "volumes" / f"volume-{attached['volumeId']}"
    refused = do(admin, made, "2.92", rebuild={"imageRef": other.id})
    assert sentence(refused, 400).startswith("Unable to rebuild with a different image")
    tiny = admin.image.find_image("tiny").id
    assert do(admin, made, "2.92", rebuild={"imageRef": tiny, "name": "same"})[0] == 202
    whole.rest()
    assert begins(disk, 7) == b"boot me"
    whole.openstack(
        "--os-compute-api-version", "2.93", "server", "rebuild", "--image", "another",
        "--reimage-boot-volume", "--wait", "same",
    )  # fmt: skip
    whole.rest()
    assert begins(disk, 15) == b"another content"
    now = ask(admin, "GET", f"/servers/{made.id}", "2.93")[1]["server"]
    assert (now["status"], now["image"], now["name"]) == ("ACTIVE", "", "same")
    volume = admin.block_storage.get_volume(attached["volumeId"])
    assert volume.status == "in-use"
    assert volume.volume_image_metadata["image_id"] == other.id
    (whole.settings.state_dir / "images" / other.id).unlink()
    assert do(admin, made, "2.93", rebuild={"imageRef": other.id})[0] == 202
    whole.rest()
    failed = ask(admin, "GET", f"/servers/{made.id}", "2.93")[1]["server"]
    assert failed["status"] == "ERROR"
    assert "its status is error" in failed["fault"]["message"]
    admin.compute.rebuild_server(made, image=tiny, name="again")
    whole.rest()
    assert admin.compute.get_server(made.id).status == "ACTIVE"
    assert begins(disk, 7) == b"boot me"
    admin.compute.delete_server(made)
    admin.compute.wait_for_delete(made, wait=60)
    admin.block_storage.delete_volume(volume)
