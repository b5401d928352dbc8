# SPDX-License-Identifier: Apache-2.0
"""Volumes of type qcow2: each way to make one, and each way out of one, with the right format."""

from __future__ import annotations

import json
import sqlite3
import subprocess

import pytest

from nova_appliance.common.run import run
from nova_appliance.embedded.images.service import open_images
from nova_appliance.embedded.volumes import files

GIB = files.GIB
NEW = {"OpenStack-API-Version": "volume 3.68"}
SERVER = "0d5e3f7a-91f5-4c8e-8a66-0b8a6f1d2c33"
OLD_TABLE = """CREATE TABLE volumes (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL, user_id TEXT NOT NULL,
    name TEXT, description TEXT, size INTEGER NOT NULL, new_size INTEGER, status TEXT NOT NULL,
    bootable INTEGER NOT NULL, volume_type TEXT NOT NULL, multiattach INTEGER NOT NULL,
    availability_zone TEXT NOT NULL, snapshot_id TEXT, source_volid TEXT, image_id TEXT,
    metadata TEXT NOT NULL, image_metadata TEXT NOT NULL, upload TEXT,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL)"""


def sparse(rig, volume_id):
    return rig.disk(f"{volume_id}.qcow2")


def told(path, form="qcow2"):
    """What qemu-img says of a file."""
    return json.loads(run(["qemu-img", "info", "-f", form, "--output=json", str(path)]))


def put(path, letter, form="qcow2"):
    """What a guest writes."""
    argv = ["qemu-io", "-f", form, "-c", f"write -P {ord(letter)} 0 512", str(path)]
    subprocess.run(argv, check=True, capture_output=True)


def begins(path, form="qcow2"):
    """The first byte that a guest sees."""
    argv = ["qemu-io", "-r", "-f", form, "-c", "read -v 0 16", str(path)]
    seen = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    return chr(int(seen.split()[1], 16))


@pytest.fixture
def written(rig):
    """A qcow2 volume that has an `o`."""
    volume = rig.volume(volume_type="qcow2")
    put(sparse(rig, volume["id"]), "o")
    return volume["id"]


def attach(rig, volume_id):
    asked = {"volume_uuid": volume_id, "instance_uuid": SERVER, "connector": {"host": "one"}}
    made = rig.ask("POST", "attachments", {"attachment": asked})["attachment"]
    rig.ask("POST", f"attachments/{made['id']}/action", {"os-complete": None}, status=204)
    return made


def test_it_is_as_large_as_what_was_written(rig, written):
    seen = told(sparse(rig, written))
    assert (seen["virtual-size"], seen["actual-size"] < GIB // 100) == (GIB, True)
    assert not rig.disk(written).exists()
    assert rig.ask("GET", f"volumes/{written}")["volume"]["volume_type"] == "qcow2"
    rig.ask("DELETE", f"volumes/{written}", status=202)
    assert rig.gone(f"volumes/{written}")
    assert list(rig.disk("").parent.iterdir()) == []


def test_it_is_made_of_images_snapshots_and_volumes_of_any_format(rig, written):
    image = rig.volume(volume_type="qcow2", imageRef=rig.image(b"i" * 512))
    assert begins(sparse(rig, image["id"])) == "i"
    made = rig.ask("POST", "snapshots", {"snapshot": {"volume_id": written}}, status=202)
    held = rig.ready(f"snapshots/{made['snapshot']['id']}")
    assert begins(rig.disk("").with_name(f"snapshot-{held['id']}"), "raw") == "o"
    again = rig.volume(snapshot_id=held["id"], size=2)
    assert (again["volume_type"], begins(sparse(rig, again["id"]))) == ("qcow2", "o")
    assert told(sparse(rig, again["id"]))["virtual-size"] == 2 * GIB
    raw = rig.volume(source_volid=written, volume_type="files")
    assert begins(rig.disk(raw["id"]), "raw") == "o"
    back = rig.volume(source_volid=raw["id"], volume_type="qcow2")
    assert begins(sparse(rig, back["id"])) == "o"


def test_an_image_gets_what_the_guest_saw_and_gives_it_back(rig, written):
    up = rig.act(written, "os-volume_upload_image", image_name="i", disk_format="raw")
    rig.ready(f"volumes/{written}")
    image_id = up["os-volume_upload_image"]["image_id"]
    image = open_images(rig.settings).path(image_id)
    assert (image.stat().st_size, begins(image, "raw")) == (GIB, "o")
    put(sparse(rig, written), "x")
    path = f"volumes/{written}/action"
    rig.ask("POST", path, {"os-reimage": {"image_id": image_id}}, status=202, **NEW)
    assert rig.ready(f"volumes/{written}")["status"] == "available"
    assert begins(sparse(rig, written)) == "o"


def test_it_grows_at_rest_only(rig, written):
    rig.act(written, "os-extend", new_size=2)
    assert rig.ready(f"volumes/{written}")["size"] == 2
    assert told(sparse(rig, written))["virtual-size"] == 2 * GIB
    way = attach(rig, written)["connection_info"]
    assert (way["device_path"], way["format"]) == (str(sparse(rig, written)), "qcow2")
    refused = rig.act(written, "os-extend", 400, new_size=3)
    assert "only its QEMU" in refused["badRequest"]["message"]


def test_one_server_has_it_at_a_time(rig):
    asked = {"size": 1, "volume_type": "qcow2", "multiattach": True}
    refused = rig.ask("POST", "volumes", {"volume": asked}, status=400)
    assert "one server at a time" in refused["badRequest"]["message"]


def test_a_file_laid_over_it_says_what_lies_below(rig, written):
    disk, over = files.Disk(sparse(rig, written), "qcow2"), rig.disk(f"{written}.over")
    files.lay_over(disk, over)
    seen = told(over)
    assert (seen["backing-filename-format"], seen["virtual-size"]) == ("qcow2", GIB)
    put(over, "g")
    assert begins(disk.path) == "o"
    files.commit(over)
    assert begins(disk.path) == "g"


def test_a_database_made_before_gets_its_new_columns(rig):
    """The rows of an older cloud stay, and mean what they meant."""
    volume_id = rig.volume(name="of old")["id"]
    path = rig.settings.state_dir / "volumes.db"
    with sqlite3.connect(path) as db:
        old = [row[1] for row in db.execute("PRAGMA table_info(volumes)")]
        old = ", ".join(old[:-2])
        db.execute("ALTER TABLE volumes RENAME TO newer")
        db.execute(OLD_TABLE)
        db.execute(f"INSERT INTO volumes SELECT {old} FROM newer")
        db.execute("DROP TABLE newer")
        db.execute("DROP TABLE moves")
    db.close()
    for _ in range(2):
        seen = rig.again().ask("GET", f"volumes/{volume_id}", who="admin")["volume"]
        assert (seen["name"], seen["os-vol-mig-status-attr:name_id"]) == ("of old", None)
    assert rig.disk(volume_id).exists()
    rig.act(volume_id, "os-retype", new_type="qcow2", migration_policy="on-demand")
    assert rig.ready(f"volumes/{volume_id}")["volume_type"] == "qcow2"
