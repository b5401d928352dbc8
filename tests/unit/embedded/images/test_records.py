# SPDX-License-Identifier: Apache-2.0
"""Images as records: creating, changing, listing, and who may do it."""

from __future__ import annotations

import pytest

TEXT = "x" * 300


def test_a_new_image_waits_for_its_bytes(rig):
    image = rig.create(name="n", disk_format="qcow2", container_format="bare", os_distro="none")
    assert image["status"] == "queued"
    assert image["visibility"] == "shared"
    assert image["os_distro"] == "none"
    assert image["size"] is None
    assert image["file"] == f"/v2/images/{image['id']}/file"
    assert rig.show(image["id"]) == image


def test_a_client_may_choose_the_id_but_only_once(rig, nowhere):
    assert rig.create(id=nowhere)["id"] == nowhere
    rig.app.post_json("/v2/images", {"id": nowhere}, headers=rig.demo, status=409)
    rig.app.post_json("/v2/images", {"id": "../x"}, headers=rig.demo, status=400)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": TEXT}, 400),
        ({"name": 5}, 400),
        ({"disk_format": "floppy"}, 400),
        ({"disk_format": ["raw"]}, 400),
        ({"min_disk": -1}, 400),
        ({"min_ram": True}, 400),
        ({"min_ram": 2**31}, 400),
        ({"protected": "yes"}, 400),
        ({"visibility": None}, 400),
        ({"visibility": "public"}, 403),
        ({"owner": "somebody"}, 403),
        ({"status": "active"}, 403),
        ({"size": 5}, 403),
        ({"os_glance_x": "y"}, 403),
        ({"prop": 5}, 400),
        ({"prop": "y" * 20000}, 400),
        ({TEXT: "y"}, 400),
        ({"tags": "t"}, 400),
        ({"tags": [TEXT]}, 400),
        ({"tags": [str(n) for n in range(200)]}, 413),
        ({str(n): "v" for n in range(200)}, 413),
        ([], 400),
        ("x", 400),
        ({"name": "\ud800"}, 400),
    ],
)
def test_bad_attributes_are_refused_and_leave_nothing(rig, body, status):
    answer = rig.app.post_json("/v2/images", body, headers=rig.demo, status=status)
    assert f"<title>{status}" in answer.text
    assert rig.names() == []


def test_only_callers_with_a_token_and_the_role_member_write(rig):
    rig.app.get("/v2/images", status=401)
    rig.app.post_json("/v2/images", {}, headers=rig.reader, status=403)


def test_an_image_of_another_project_is_not_there(rig):
    image = rig.create(name="mine")
    for headers in (rig.other, rig.reader):
        rig.show(image["id"], headers, status=404)
        rig.patch(image["id"], ("replace", "/name", "x"), headers=headers, status=404)
        rig.app.delete(f"/v2/images/{image['id']}", headers=headers, status=404)
        assert rig.names(headers=headers) == []
    assert rig.names(headers=rig.admin) == ["mine"]


def test_a_public_image_is_seen_by_all_and_changed_by_few(rig):
    image = rig.create(rig.admin, name="pub", visibility="public")
    assert rig.names() == ["pub"]
    rig.patch(image["id"], ("replace", "/name", "x"), status=403)
    rig.app.delete(f"/v2/images/{image['id']}", headers=rig.demo, status=403)
    rig.app.put(f"/v2/images/{image['id']}/tags/t", headers=rig.demo, status=403)
    rig.upload(image["id"], b"x", status=403)


def test_a_community_image_is_found_by_id_or_by_asking(rig):
    image = rig.create(rig.other, name="com", visibility="community")
    assert rig.names() == []
    assert rig.names("?visibility=community") == ["com"]
    assert rig.show(image["id"])["name"] == "com"


def test_patches_add_replace_and_remove(rig):
    image_id = rig.create(name="n", a="1", tags=["x"])["id"]
    image = rig.patch(
        image_id,
        ("add", "/b", "2"),
        ("replace", "/a", "3"),
        ("replace", "/name", "m"),
        ("add", "/with~1slash", "4"),
        ("add", "/tags/-", "y"),
        ("add", "/tags/0", "w"),
        ("replace", "/min_disk", 7),
    ).json
    assert (image["a"], image["b"], image["with/slash"]) == ("3", "2", "4")
    assert (image["name"], image["min_disk"], image["tags"]) == ("m", 7, ["w", "x", "y"])
    image = rig.patch(image_id, ("remove", "/a"), ("remove", "/tags/0")).json
    assert "a" not in image
    assert image["tags"] == ["x", "y"]


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        (("replace", "/none", "x"), 409),
        (("remove", "/none"), 409),
        (("remove", "/name"), 403),
        (("replace", "/status", "active"), 403),
        (("replace", "/id", "x"), 403),
        (("replace", "/visibility", "public"), 403),
        (("replace", "/tags/9", "x"), 409),
        (("add", "/tags/x", "y"), 400),
        (("add", "/a/b", "x"), 400),
        (("add", "name", "x"), 400),
        (("add", "/", "x"), 400),
        (("add", "/x"), 400),
        (("move", "/x", "y"), 400),
        (("replace", "/min_ram", "x"), 400),
        (("add", "/tags/-", 5), 400),
    ],
)
def test_bad_patches_change_nothing(rig, operation, status):
    before = rig.create(name="n")
    rig.patch(before["id"], ("add", "/extra", "x"), operation, status=status)
    assert rig.show(before["id"]) == before


def test_a_patch_must_say_that_it_is_one(rig):
    image_id = rig.create()["id"]
    rig.patch(image_id, ("add", "/a", "b"), status=415, content_type="application/json")
    rig.app.patch(
        f"/v2/images/{image_id}",
        "{bad",
        headers=rig.demo,
        content_type="application/openstack-images-v2.1-json-patch",
        status=400,
    )


def test_the_format_is_fixed_once_there_are_bytes(rig):
    image = rig.active()
    rig.patch(image["id"], ("replace", "/disk_format", "qcow2"), status=403)
    rig.patch(image["id"], ("replace", "/disk_format", "raw"))


def test_tags_come_and_go(rig):
    image_id = rig.create()["id"]
    for _ in range(2):
        rig.app.put(f"/v2/images/{image_id}/tags/blue", headers=rig.demo, status=204)
    assert rig.show(image_id)["tags"] == ["blue"]
    rig.app.delete(f"/v2/images/{image_id}/tags/blue", headers=rig.demo, status=204)
    rig.app.delete(f"/v2/images/{image_id}/tags/blue", headers=rig.demo, status=404)
    rig.app.put(f"/v2/images/{image_id}/tags/{TEXT}", headers=rig.demo, status=400)


def test_a_protected_image_stays(rig):
    image = rig.active(protected=True)
    rig.app.delete(f"/v2/images/{image['id']}", headers=rig.demo, status=403)
    rig.patch(image["id"], ("replace", "/protected", False))
    rig.app.delete(f"/v2/images/{image['id']}", headers=rig.demo, status=204)
    rig.app.delete(f"/v2/images/{image['id']}", headers=rig.demo, status=404)
    assert rig.files() == []


def test_lists_filter(rig):
    rig.active(b"12345", name="a", tags=["t", "u"], os_distro="x")
    rig.active(b"123", name="b", tags=["t"], min_ram=5)
    rig.create(name="c", os_hidden=True, disk_format="qcow2")
    asked = {
        "?name=a": {"a"},
        "?name=in:a,b": {"a", "b"},
        '?name=in:"a"': {"a"},
        "?tag=t": {"a", "b"},
        "?tag=t&tag=u": {"a"},
        "?os_distro=x": {"a"},
        "?nothing=x": set(),
        "?size_min=4": {"a"},
        "?size_max=4": {"b"},
        "?status=active": {"a", "b"},
        "?os_hidden=true": {"c"},
        "?disk_format=qcow2&os_hidden=true": {"c"},
        "?protected=true": set(),
        "?min_ram=5": {"b"},
        "?created_at=gt:2000-01-01T00:00:00Z": {"a", "b"},
        "?created_at=lt:2000-01-01T00:00:00Z": set(),
        "?visibility=private": set(),
        "?visibility=all": {"a", "b"},
        "": {"a", "b"},
    }
    assert {query: set(rig.names(query)) for query in asked} == asked


def test_lists_sort_and_come_in_pages(rig):
    for name in ("b", "d", "a", "c"):
        rig.create(name=name)
    assert rig.names("?sort=name:asc") == ["a", "b", "c", "d"]
    assert rig.names("?sort_key=name&sort_dir=desc") == ["d", "c", "b", "a"]
    assert rig.names("?sort=status,name:asc") == ["a", "b", "c", "d"]
    seen, url = [], "/v2/images?sort=name:asc&limit=3"
    while url:
        page = rig.app.get(url, headers=rig.demo).json
        seen.append([image["name"] for image in page["images"]])
        url = page.get("next")
    assert seen == [["a", "b", "c"], ["d"]]
    assert rig.names("?limit=0") == []


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=x",
        "marker=11111111-2222-4333-8444-000000000001",
        "sort=colour",
        "sort=name:up",
        "sort=name&sort_key=name",
        "size_min=x",
        "protected=maybe",
    ],
)
def test_bad_questions_are_told_so(rig, query):
    rig.app.get(f"/v2/images?{query}", headers=rig.demo, status=400)


def test_documents_and_unbuilt_parts(rig, nowhere):
    versions = rig.app.get("/", status=300).json["versions"]
    assert versions[0]["status"] == "CURRENT"
    assert rig.app.get("/versions").json["versions"] == versions
    schema = rig.app.get("/v2/schemas/image", headers=rig.demo).json
    assert set(rig.create()) <= set(schema["properties"])
    assert rig.app.get("/v2/schemas/images", headers=rig.demo).json["name"] == "images"
    rig.app.get(f"/v2/images/{nowhere}/members", headers=rig.demo, status=404)
    rig.app.get(f"/v2/images/{nowhere}/tasks", headers=rig.demo, status=501)
    rig.app.get("/v2/nothing", headers=rig.demo, status=404)
