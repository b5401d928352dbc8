# SPDX-License-Identifier: Apache-2.0
"""A service that was killed at any line goes on with its jobs and leaves no stray file."""

from __future__ import annotations

import pytest

from nova_appliance.embedded.store import Store
from nova_appliance.embedded.volumes import jobs


@pytest.fixture
def dead(monkeypatch):
    """No job is begun: the process died right after its answer."""
    monkeypatch.setattr(jobs, "begin", lambda *_: None)
    return monkeypatch


def test_what_was_begun_is_done_after_a_crash(rig, dead):
    volume_id = rig.ask("POST", "volumes", {"volume": {"size": 1}}, status=202)["volume"]["id"]
    rig.disk(volume_id).parent.mkdir()
    rig.disk(volume_id).with_name(f"volume-{volume_id}.part").write_bytes(b"half")
    dead.undo()
    assert rig.again().ready(f"volumes/{volume_id}")["status"] == "available"
    dead.setattr(jobs, "begin", lambda *_: None)
    rig.act(volume_id, "os-extend", new_size=2)
    dead.undo()
    assert rig.again().ready(f"volumes/{volume_id}")["size"] == 2
    dead.setattr(jobs, "begin", lambda *_: None)
    snapshot = {"snapshot": {"volume_id": volume_id}}
    made = rig.ask("POST", "snapshots", snapshot, status=202)["snapshot"]["id"]
    wanted = {"image_name": "i", "disk_format": "qcow2"}
    up = rig.act(volume_id, "os-volume_upload_image", **wanted)["os-volume_upload_image"]
    dead.undo()
    assert rig.again().ready(f"snapshots/{made}")["status"] == "available"
    rig.ready(f"volumes/{volume_id}")
    image = Store(rig.settings.state_dir / "images.db", "").one(
        "SELECT status FROM images WHERE id = ?", up["image_id"]
    )
    assert image["status"] == "active"
    dead.setattr(jobs, "begin", lambda *_: None)
    rig.ask("DELETE", f"volumes/{volume_id}?cascade=true", status=202)
    dead.undo()
    assert rig.again().gone(f"volumes/{volume_id}")
    assert rig.gone(f"snapshots/{made}")
    assert list(rig.disk(volume_id).parent.iterdir()) == []


def test_files_nobody_speaks_for_are_swept(rig):
    volume_id = rig.volume()["id"]
    stray = rig.disk("stray")
    stray.write_bytes(b"x")
    rig.again()
    assert not stray.exists()
    assert rig.disk(volume_id).exists()


def test_a_job_that_fails_says_so(rig):
    image_id = rig.image(b"no qcow2", disk_format="qcow2")
    made = rig.ask("POST", "volumes", {"volume": {"size": 1, "imageRef": image_id}}, status=202)
    path = f"volumes/{made['volume']['id']}"
    assert rig.ready(path)["status"] == "error"
    rig.ask("DELETE", path, status=202)
    assert rig.gone(path)
