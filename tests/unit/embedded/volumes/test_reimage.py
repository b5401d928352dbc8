# SPDX-License-Identifier: Apache-2.0
"""An image is written over a volume: free, or reserved for a server; and what is refused."""

from __future__ import annotations

import uuid

import pytest

from nova_appliance.embedded import news
from nova_appliance.embedded.volumes import jobs

SERVER = "0d5e3f7a-91f5-4c8e-8a66-0b8a6f1d2c33"


@pytest.fixture
def told(monkeypatch):
    """News that servers are told, instead of telling them."""
    heard = []

    def tell(_news, events, status=news.DONE):
        heard.extend((*event, status) for event in events)

    monkeypatch.setattr(news.News, "tell", tell)
    return heard


def reimage(rig, volume_id, status=202, version="3.68", **asked):
    return rig.ask(
        "POST",
        f"volumes/{volume_id}/action",
        {"os-reimage": asked},
        status=status,
        **{"OpenStack-API-Version": f"volume {version}"},
    )


def begins(disk):
    """The first words of a large file."""
    with disk.open("rb") as file:
        return file.read(11).rstrip(b"\0")


def reserve(rig, volume_id):
    asked = {"volume_uuid": volume_id, "instance_uuid": SERVER}
    return rig.ask("POST", "attachments", {"attachment": asked})["attachment"]["id"]


def test_a_free_volume_begins_as_the_image(rig, told):
    volume = rig.volume()
    rig.disk(volume["id"]).write_bytes(b"old content")
    image_id = rig.image(b"new")
    reimage(rig, volume["id"], image_id=image_id)
    seen = rig.ready(f"volumes/{volume['id']}")
    assert (seen["status"], seen["bootable"], seen["size"]) == ("available", "true", 1)
    assert seen["volume_image_metadata"]["image_id"] == image_id
    assert seen["volume_image_metadata"]["hw_disk_bus"] == "scsi"
    disk = rig.disk(volume["id"])
    assert (begins(disk), disk.stat().st_size) == (b"new", 1 << 30)
    assert told == []


def test_a_reserved_volume_stays_its_servers(rig, told):
    volume_id, image_id = rig.volume()["id"], rig.image(b"new")
    attachment = reserve(rig, volume_id)
    reimage(rig, volume_id, image_id=image_id, status=400)
    reimage(rig, volume_id, image_id=image_id, reimage_reserved=True)
    assert rig.ready(f"volumes/{volume_id}")["status"] == "reserved"
    assert told == [("volume-reimaged", SERVER, volume_id, "completed")]
    rig.ask("DELETE", f"attachments/{attachment}")
    assert rig.ask("GET", f"volumes/{volume_id}")["volume"]["status"] == "available"


def test_an_attachment_that_goes_meanwhile_leaves_the_volume_free(rig, told, monkeypatch):
    volume_id, image_id = rig.volume()["id"], rig.image(b"new")
    attachment = reserve(rig, volume_id)
    with monkeypatch.context() as dead:
        dead.setattr(jobs, "begin", lambda *_: None)
        reimage(rig, volume_id, image_id=image_id, reimage_reserved=True)
    seen = rig.ask("GET", f"volumes/{volume_id}")["volume"]
    assert seen["status"] == "downloading"
    rig.ask("DELETE", f"attachments/{attachment}")
    rig.disk(volume_id).with_name(f"volume-{volume_id}.part").write_bytes(b"half")
    assert rig.again().ready(f"volumes/{volume_id}")["status"] == "available"
    assert begins(rig.disk(volume_id)) == b"new"
    assert [one.name for one in rig.disk(volume_id).parent.iterdir()] == [f"volume-{volume_id}"]
    assert told == []


def test_an_image_that_cannot_be_read_leaves_the_old_content_and_says_so(rig, told):
    volume_id = rig.volume()["id"]
    rig.disk(volume_id).write_bytes(b"old")
    reserve(rig, volume_id)
    bad = rig.image(b"no qcow2", disk_format="qcow2")
    reimage(rig, volume_id, image_id=bad, reimage_reserved=True)
    assert rig.ready(f"volumes/{volume_id}")["status"] == "error"
    assert told == [("volume-reimaged", SERVER, volume_id, "failed")]
    assert rig.disk(volume_id).read_bytes() == b"old"
    good = rig.image(b"new")
    reimage(rig, volume_id, image_id=good, reimage_reserved=True)
    assert rig.ready(f"volumes/{volume_id}")["status"] == "reserved"


def test_what_is_refused(rig):
    volume_id, image_id = rig.volume()["id"], rig.image(b"new")
    reimage(rig, volume_id, version="3.67", image_id=image_id, status=400)
    for asked in (
        {},
        {"image_id": "x"},
        {"image_id": str(uuid.uuid4())},
        {"image_id": rig.image(b"x", min_disk=2)},
        {"image_id": rig.image(b"x", status="queued")},
        {"image_id": image_id, "reimage_reserved": "perhaps"},
    ):
        reimage(rig, volume_id, status=400, **asked)
    reimage(rig, str(uuid.uuid4()), status=404, image_id=image_id)
