# SPDX-License-Identifier: Apache-2.0
"""Volumes: made of nothing, images, snapshots and volumes; changed, grown, listed, deleted."""

from __future__ import annotations

import pytest

GIB = 1 << 30


def test_a_blank_volume(rig):
    made = rig.ask("POST", "volumes", {"volume": {"size": 1, "name": "a"}}, status=202)["volume"]
    assert (made["status"], made["size"], made["bootable"]) == ("creating", 1, "false")
    volume = rig.ready(f"volumes/{made['id']}")
    assert volume["status"] == "available"
    assert volume["attachments"] == []
    assert volume["volume_type"] == "files"
    disk = rig.disk(volume["id"])
    assert disk.stat().st_size == GIB
    assert disk.stat().st_blocks == 0
    rig.ask("DELETE", f"volumes/{volume['id']}", status=202)
    assert rig.gone(f"volumes/{volume['id']}")
    assert not disk.exists()


def test_a_volume_of_an_image_remembers_it_and_becomes_one_again(rig):
    image_id = rig.image(b"bootable " * 100)
    volume = rig.volume(imageRef=image_id)
    assert volume["bootable"] == "true"
    told = volume["volume_image_metadata"]
    assert (told["image_id"], told["min_ram"], told["hw_disk_bus"]) == (image_id, "64", "scsi")
    assert rig.disk(volume["id"]).open("rb").read(900) == b"bootable " * 100
    up = rig.act(
        volume["id"], "os-volume_upload_image", image_name="back", disk_format="qcow2", force=False
    )["os-volume_upload_image"]
    assert rig.ready(f"volumes/{volume['id']}")["status"] == "available"
    data = rig.settings.state_dir / "images" / up["image_id"]
    assert data.open("rb").read(4) == b"QFI\xfb"


def test_snapshots_hold_a_moment(rig):
    volume = rig.volume()
    disk = rig.disk(volume["id"])
    with disk.open("r+b") as file:
        file.write(b"before")
    asked = {"snapshot": {"volume_id": volume["id"], "name": "s", "metadata": {"k": "v"}}}
    made = rig.ask("POST", "snapshots", asked, status=202)["snapshot"]
    snapshot = rig.ready(f"snapshots/{made['id']}")
    assert (snapshot["status"], snapshot["metadata"]) == ("available", {"k": "v"})
    with disk.open("r+b") as file:
        file.write(b"after!")
    rig.ask("DELETE", f"volumes/{volume['id']}", status=400)
    again = rig.volume(snapshot_id=snapshot["id"], size=2)
    content = rig.disk(again["id"])
    assert content.stat().st_size == 2 * GIB
    assert content.open("rb").read(6) == b"before"
    twin = rig.volume(source_volid=volume["id"], size=None)
    assert rig.disk(twin["id"]).open("rb").read(6) == b"after!"
    rig.ask("DELETE", f"volumes/{volume['id']}?cascade=true", status=202)
    assert rig.gone(f"volumes/{volume['id']}")
    assert rig.gone(f"snapshots/{snapshot['id']}")


def test_a_volume_grows_and_never_shrinks(rig):
    volume_id = rig.volume()["id"]
    rig.act(volume_id, "os-extend", 400, new_size=1)
    rig.act(volume_id, "os-extend", new_size=3)
    assert rig.ready(f"volumes/{volume_id}")["size"] == 3
    assert rig.disk(volume_id).stat().st_size == 3 * GIB


def test_names_metadata_and_flags_change(rig):
    volume_id = rig.volume(name="a", metadata={"k": "v"})["id"]
    path = f"volumes/{volume_id}"
    changed = rig.ask("PUT", path, {"volume": {"name": "b", "description": "d"}})["volume"]
    assert (changed["name"], changed["description"]) == ("b", "d")
    assert rig.ask("POST", f"{path}/metadata", {"metadata": {"l": "w"}})["metadata"] == {
        "k": "v",
        "l": "w",
    }
    assert rig.ask("PUT", f"{path}/metadata/l", {"meta": {"l": "x"}})["meta"] == {"l": "x"}
    rig.ask("DELETE", f"{path}/metadata/k", status=204)
    assert rig.ask("GET", f"{path}/metadata")["metadata"] == {"l": "x"}
    assert rig.ask("PUT", f"{path}/metadata", {"metadata": {}})["metadata"] == {}
    rig.act(volume_id, "os-set_bootable", 204, bootable=True)
    assert rig.ask("GET", path)["volume"]["bootable"] == "true"
    rig.act(volume_id, "os-reset_status", 403, status="error")
    rig.act(volume_id, "os-reset_status", status="error", who="admin")
    assert rig.ask("GET", path)["volume"]["status"] == "error"


def test_projects_are_apart(rig):
    volume_id = rig.volume()["id"]
    for method in ("GET", "DELETE"):
        rig.ask(method, f"volumes/{volume_id}", who="other", status=404)
    assert rig.ask("GET", "volumes", who="other")["volumes"] == []
    assert rig.ask("GET", f"volumes/{volume_id}", who="admin")["volume"]["id"] == volume_id
    assert rig.ask("GET", "volumes", who="admin")["volumes"] == []
    assert len(rig.ask("GET", "volumes?all_tenants=1", who="admin")["volumes"]) == 1
    rig.ask("POST", "volumes", {"volume": {"size": 1}}, who="reader", status=403)


def test_lists_have_filters_order_and_pages(rig):
    for name, size in (("a", 1), ("b", 2), ("c", 1)):
        rig.volume(name=name, size=size, metadata={"of": name})
    names = lambda query: [v["name"] for v in rig.ask("GET", f"volumes{query}")["volumes"]]  # noqa: E731
    assert names("?sort=name:asc") == ["a", "b", "c"]
    assert names("?sort_key=size&sort_dir=desc&limit=1") == ["b"]
    assert names("?name=b") == ["b"]
    assert names("?metadata={'of':'c'}") == ["c"]
    assert names("?bootable=true") == []
    page = rig.ask("GET", "volumes/detail?limit=2&sort=name:asc&with_count=true")
    assert [v["name"] for v in page["volumes"]] == ["a", "b"]
    assert page["count"] == 3
    assert "marker=" in page["volumes_links"][0]["href"]
    assert names(f"?sort=name:asc&marker={page['volumes'][1]['id']}") == ["c"]
    assert rig.ask("GET", "volumes/summary")["volume-summary"]["total_size"] == 4
    for bad in ("?sort=x:asc", "?limit=-1", "?marker=none", "?metadata=[", "?sort=name:up"):
        rig.ask("GET", f"volumes{bad}", status=400)


def test_quotas_are_counted(rig):
    project = rig.id("projects", "demo")
    rig.ask("PUT", f"os-quota-sets/{project}", {"quota_set": {"volumes": 1}}, status=403)
    asked = {"quota_set": {"volumes": 1, "gigabytes": 5, "per_volume_gigabytes": 4}}
    rig.ask("PUT", f"os-quota-sets/{project}", asked, who="admin")
    over = rig.ask("POST", "volumes", {"volume": {"size": 5}}, status=413)["overLimit"]
    assert "VolumeSizeExceedsLimit" in over["message"]
    volume_id = rig.volume(size=3)["id"]
    over = rig.ask("POST", "volumes", {"volume": {"size": 1}}, status=413)["overLimit"]
    assert "VolumeLimitExceeded" in over["message"]
    rig.ask("POST", "snapshots", {"snapshot": {"volume_id": volume_id}}, status=413)
    usage = rig.ask("GET", f"os-quota-sets/{project}?usage=true")["quota_set"]
    assert usage["gigabytes"] == {"limit": 5, "in_use": 3, "reserved": 0}
    assert rig.ask("GET", "limits")["limits"]["absolute"]["totalVolumesUsed"] == 1
    rig.ask("DELETE", f"os-quota-sets/{project}", who="admin", status=204)
    assert rig.ask("GET", f"os-quota-sets/{project}")["quota_set"]["volumes"] == 10


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"size": 0}, 400),
        ({"size": "many"}, 400),
        ({"size": None}, 400),
        ({"imageRef": "nothing"}, 400),
        ({"snapshot_id": "6d1f5a2e-3c0b-4b5e-9c57-0d6b7c2a9e11"}, 404),
        ({"source_volid": "6d1f5a2e-3c0b-4b5e-9c57-0d6b7c2a9e11"}, 404),
        ({"imageRef": "6d1f5a2e-3c0b-4b5e-9c57-0d6b7c2a9e11"}, 400),
        ({"volume_type": "golden"}, 404),
        ({"availability_zone": "moon"}, 400),
        ({"metadata": {"k": 1}}, 400),
        ({"name": "x" * 256}, 400),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(rig, fields, status):
    rig.ask("POST", "volumes", {"volume": {"size": 1} | fields}, status=status)
    assert rig.ask("GET", "volumes")["volumes"] == []


def test_an_image_must_fit(rig):
    big = rig.image(virtual_size=3 * GIB)
    refused = rig.ask("POST", "volumes", {"volume": {"size": 2, "imageRef": big}}, status=400)
    assert "needs 3GB" in refused["badRequest"]["message"]


def test_versions_and_urls(rig):
    (told,) = rig.app.get("/", status=300).json["versions"]
    assert (told["min_version"], told["version"]) == ("3.0", "3.70")
    rig.ask("GET", "attachments", status=404, **{"OpenStack-API-Version": "volume 3.26"})
    rig.ask("GET", "volumes", status=406, **{"OpenStack-API-Version": "volume 3.99"})
    rig.ask("GET", "volumes", status=400, **{"OpenStack-API-Version": "volume three"})
    rig.ask("GET", "backups", status=501)
    headers = rig.as_("demo", "demo")
    rig.app.get(f"/v3/{rig.id('projects', 'admin')}/volumes", headers=headers, status=400)
    assert [t["name"] for t in rig.ask("GET", "types")["volume_types"]] == [
        "files", "multiattach", "qcow2",
    ]  # fmt: skip
    assert rig.ask("GET", "types/default")["volume_type"]["name"] == "files"
