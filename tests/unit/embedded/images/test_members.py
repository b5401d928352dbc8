# SPDX-License-Identifier: Apache-2.0
"""Images shared with single projects: who sees them when, and who may say what."""

import pytest


@pytest.fixture
def image(rig):
    return rig.create(name="ours")["id"]


def project(rig):
    """The id of the project that `rig.other` is in."""
    made = rig.create(rig.other, name="theirs")
    rig.app.delete(f"/v2/images/{made['id']}", headers=rig.other)
    return made["owner"]


def test_a_project_sees_what_is_shared_with_it_and_lists_what_it_accepted(rig, image):
    url, other = f"/v2/images/{image}", project(rig)
    rig.app.get(url, headers=rig.other, status=404)
    made = rig.app.post_json(f"{url}/members", {"member": other}, headers=rig.demo).json
    assert (made["member_id"], made["status"]) == (other, "pending")
    rig.app.get(url, headers=rig.other)
    assert rig.names(headers=rig.other) == []
    assert rig.names("?member_status=all", headers=rig.other) == ["ours"]
    told = {"status": "accepted"}
    rig.app.put_json(f"{url}/members/{other}", told, headers=rig.demo, status=403)
    rig.app.put_json(f"{url}/members/{other}", told, headers=rig.other)
    assert rig.names(headers=rig.other) == ["ours"]
    (seen,) = rig.app.get(f"{url}/members", headers=rig.other).json["members"]
    assert seen["status"] == "accepted"
    rig.app.delete(f"{url}/members/{other}", headers=rig.other, status=403)
    rig.app.delete(f"{url}/members/{other}", headers=rig.demo, status=204)
    rig.app.delete(f"{url}/members/{other}", headers=rig.demo, status=404)
    rig.app.get(url, headers=rig.other, status=404)


def test_what_is_no_member_is_refused(rig, image):
    url = f"/v2/images/{image}/members"
    for body in ({}, {"member": 1}, {"member": ""}, {"member": "x" * 256}, []):
        rig.app.post_json(url, body, headers=rig.demo, status=400)
    rig.app.post_json(url, {"member": "p"}, headers=rig.demo)
    rig.app.post_json(url, {"member": "p"}, headers=rig.demo, status=409)
    rig.app.put_json(f"{url}/p", {"status": "x"}, headers=rig.admin, status=400)
    rig.app.get(f"{url}/q", headers=rig.demo, status=404)
    rig.app.get("/v2/images?member_status=x", headers=rig.demo, status=400)
    private = rig.create(name="private", visibility="private")["id"]
    rig.app.post_json(
        f"/v2/images/{private}/members", {"member": "p"}, headers=rig.demo, status=403
    )
    rig.app.delete(f"/v2/images/{image}", headers=rig.demo, status=204)


def test_members_have_their_documents(rig):
    for name in ("member", "members"):
        assert rig.app.get(f"/v2/schemas/{name}", headers=rig.demo).json["name"] == name
