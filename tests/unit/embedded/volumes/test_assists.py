# SPDX-License-Identifier: Apache-2.0
"""A volume is copied while a guest writes to it: the compute service is asked, at every turn of fate."""

from __future__ import annotations

import io
import json
import subprocess
import urllib.error
import urllib.parse

import pytest

from nova_appliance.common.clock import wait_for
from nova_appliance.embedded.compute import Compute
from nova_appliance.embedded.volumes import assists, files, phases

SERVER = "0d5e3f7a-91f5-4c8e-8a66-0b8a6f1d2c33"
CONNECTOR = {"host": "one", "mountpoint": "/dev/vdb"}
WORD = 512
NEW = {"OpenStack-API-Version": "volume 3.68"}


def put(path, text, disk_format, offset=0):
    """What a guest writes."""
    argv = ["qemu-io", "-f", disk_format, "-c", f"write -P {ord(text)} {offset} {WORD}", str(path)]
    subprocess.run(argv, check=True, capture_output=True)


def begins(path):
    with path.open("rb") as disk:
        return disk.read(1).decode()


class Nova:
    """The compute service: does its part at once, as the volume service asks; `fate` bends that."""

    def __init__(self, rig):
        self.rig, self.asked, self.fate = rig, [], {}

    def ask(self, method, path, body=None):
        self.asked.append(method)
        fate = self.fate.pop(method, None)
        if fate == "refuse":
            raise urllib.error.HTTPError(path, 400, "no", {}, io.BytesIO(b"It is busy."))
        if fate == "silent":
            raise OSError("Nobody answers.")
        if method == "POST":
            info = body["snapshot"]["create_info"]
            self.over = self.rig.disk("").with_name(info["new_file"])
            assert body["snapshot"]["volume_id"] in info["new_file"]
            if fate != "fail":
                put(self.over, "g", "qcow2")
            told = {"status": "error"} if fate == "fail" else {"status": "creating"}
            snapshot_id = info["snapshot_id"]
        else:
            path, _, query = path.partition("?")
            told = json.loads(dict(urllib.parse.parse_qsl(query))["delete_info"])
            assert told["file_to_merge"] == self.over.name
            snapshot_id = path.partition("/")[2]
            if fate != "fail":
                files.commit(self.over)
            told = {"status": "error_deleting" if fate == "fail" else "deleting"}
        act = {"os-update_snapshot_status": told | {"progress": "90%"}}
        self.rig.ask("POST", f"snapshots/{snapshot_id}/action", act, who="admin", status=202)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(phases, "PAUSES_S", (0.05,))
    monkeypatch.setattr(assists, "EACH_S", 0.05)
    monkeypatch.setattr(assists, "LOOK_S", 0.02)


@pytest.fixture
def nova(rig, monkeypatch):
    nova = Nova(rig)
    monkeypatch.setattr(Compute, "is_there", True)
    monkeypatch.setattr(Compute, "ask", nova.ask)
    monkeypatch.setattr(files, "is_open", lambda _path: True)
    return nova


@pytest.fixture
def volume(rig):
    """In use, and a guest has written an `o` to it; the attachment's id beside it."""
    volume_id = rig.volume()["id"]
    put(rig.disk(volume_id), "o", "raw")
    asked = {"volume_uuid": volume_id, "instance_uuid": SERVER, "connector": CONNECTOR}
    made = rig.ask("POST", "attachments", {"attachment": asked})["attachment"]
    rig.ask("POST", f"attachments/{made['id']}/action", {"os-complete": None}, status=204)
    return volume_id, made["id"]


def take(rig, volume_id, status=202):
    asked = {"snapshot": {"volume_id": volume_id, "name": "s", "force": True}}
    return rig.ask("POST", "snapshots", asked, status=status).get("snapshot", {}).get("id")


def over(rig, snapshot_id):
    """The snapshot when nothing goes on any more with its volume."""
    state = rig.settings.state_dir / "volumes"
    seen = rig.ready(f"snapshots/{snapshot_id}")
    assert wait_for(lambda: not list(state.glob("*.over-*")), 60)
    return seen


def test_the_snapshot_has_what_was_and_the_volume_what_is(rig, nova, volume):
    volume_id, attachment = volume
    snapshot = take(rig, volume_id)
    assert over(rig, snapshot)["status"] == "available"
    disk = rig.disk(volume_id)
    assert (begins(disk), begins(disk.with_name(f"snapshot-{snapshot}"))) == ("g", "o")
    assert nova.asked == ["POST", "DELETE"]
    way = rig.ask("GET", f"attachments/{attachment}")["attachment"]["connection_info"]
    assert (way["device_path"], way["format"]) == (str(disk), "raw")
    made = rig.volume(snapshot_id=snapshot)
    assert begins(rig.disk(made["id"])) == "o"
    rig.ask("DELETE", f"snapshots/{snapshot}", status=202)
    assert rig.gone(f"snapshots/{snapshot}")


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("fate", ["refuse", "silent"])
def test_a_server_that_is_busy_is_asked_again(rig, nova, volume, method, fate):
    nova.fate[method] = fate
    assert over(rig, take(rig, volume[0]))["status"] == "available"
    assert nova.asked.count(method) == 2
    assert begins(rig.disk(volume[0])) == "g"


def test_without_the_compute_services_part_there_is_no_snapshot(rig, nova, volume):
    nova.fate["POST"] = "fail"
    assert over(rig, take(rig, volume[0]))["status"] == "error"
    assert begins(rig.disk(volume[0])) == "o"
    assert over(rig, take(rig, volume[0]))["status"] == "available"


def test_a_file_that_does_not_come_down_is_merged_later(rig, nova, volume):
    nova.fate["DELETE"] = "fail"
    assert over(rig, take(rig, volume[0]))["status"] == "available"
    assert nova.asked == ["POST", "DELETE", "DELETE"]
    assert begins(rig.disk(volume[0])) == "g"


class Death(BaseException):
    """The process is gone."""


def die(*_):
    raise Death


@pytest.mark.parametrize("phase", sorted(assists.PHASES))
def test_a_crash_in_any_phase_is_gone_on_from(rig, nova, volume, phase, monkeypatch):
    """The process dies when the phase has done its part, and before its end is written."""
    volume_id = volume[0]

    seen = []
    with monkeypatch.context() as first:
        first.setattr(assists, "begin", lambda volumes, _volume_id: seen.append(volumes))
        snapshot = take(rig, volume_id)
    while (row := phases.find(seen[0], "assists", volume_id))["phase"] != phase:
        assists.PHASES[row["phase"]](seen[0], row)
    with monkeypatch.context() as last:
        last.setattr(assists, "_next", die)
        last.setattr(assists, "_forget", die)
        with pytest.raises(Death):
            assists.run(seen[0], volume_id)
    assert over(rig.again(), snapshot)["status"] == "available"
    disk = rig.disk(volume_id)
    assert (begins(disk), begins(disk.with_name(f"snapshot-{snapshot}"))) == ("g", "o")


def test_a_server_that_lets_go_meanwhile_leaves_the_volume_whole(rig, nova, volume, monkeypatch):
    """The guest's file holds what it wrote: the next server gets it, or the service merges it."""
    volume_id, attachment = volume
    seen = []
    with monkeypatch.context() as first:
        first.setattr(assists, "begin", lambda volumes, _volume_id: seen.append(volumes))
        snapshot = take(rig, volume_id)
    row = phases.find(seen[0], "assists", volume_id)
    assists.PHASES[assists.LAY](seen[0], row)
    for path, words in (
        (f"volumes/{volume_id}/action", {"os-extend": {"new_size": 2}}),
        ("snapshots", {"snapshot": {"volume_id": volume_id, "force": True}}),
    ):
        refused = rig.ask("POST", path, words, status=400, **NEW)
        assert "just being copied" in refused["badRequest"]["message"]
    rig.ask("DELETE", f"attachments/{attachment}")
    for path, words in (
        (f"volumes/{volume_id}/action", {"os-volume_upload_image": {"image_name": "i"}}),
        (f"volumes/{volume_id}/action", {"os-reimage": {"image_id": rig.image()}}),
        ("volumes", {"volume": {"source_volid": volume_id}}),
        ("snapshots", {"snapshot": {"volume_id": volume_id}}),
    ):
        refused = rig.ask("POST", path, words, status=400, **NEW)
        assert "just being copied" in refused["badRequest"]["message"]
    rig.ask("DELETE", f"volumes/{volume_id}?cascade=true", status=400)
    asked = {"volume_uuid": volume_id, "instance_uuid": SERVER, "connector": CONNECTOR}
    again = rig.ask("POST", "attachments", {"attachment": asked})["attachment"]
    way = again["connection_info"]
    assert (way["device_path"], way["format"]) == (str(nova.over), "qcow2")
    rig.ask("DELETE", f"attachments/{again['id']}")
    assert over(rig.again(), snapshot)["status"] == "available"
    disk = rig.disk(volume_id)
    assert (begins(disk), begins(disk.with_name(f"snapshot-{snapshot}"))) == ("g", "o")
    assert nova.asked == ["POST"]


def test_what_is_refused(rig, nova, volume, monkeypatch):
    volume_id, _ = volume
    monkeypatch.setattr(Compute, "is_there", False)
    take(rig, volume_id, status=501)
    monkeypatch.setattr(Compute, "is_there", True)
    shared = rig.volume(volume_type="multiattach")["id"]
    asked = {"volume_uuid": shared, "instance_uuid": SERVER, "connector": CONNECTOR}
    made = rig.ask("POST", "attachments", {"attachment": asked})["attachment"]
    rig.ask("POST", f"attachments/{made['id']}/action", {"os-complete": None}, status=204)
    take(rig, shared, status=400)
    assert nova.asked == []


def test_a_disk_that_qemu_writes_to_is_open(tmp_path):
    disk = tmp_path / "disk"
    assert not files.is_open(disk)
    files.blank(files.Disk(disk), 1)
    assert not files.is_open(disk)
    argv = ["qemu-io", "-f", "raw", str(disk)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as qemu:
        assert wait_for(lambda: files.is_open(disk), 30)
        qemu.communicate(b"quit\n")
    assert not files.is_open(disk)
    with subprocess.Popen([*argv[:1], "-r", *argv[1:]], stdin=subprocess.PIPE) as reader:
        assert reader.poll() is None
        assert not files.is_open(disk)
        reader.communicate(b"quit\n")
