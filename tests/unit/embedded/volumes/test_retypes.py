# SPDX-License-Identifier: Apache-2.0
"""os-retype between formats: at rest by a job, in use with the compute service at every turn of fate."""

from __future__ import annotations

import io
import urllib.error

import pytest

from nova_appliance.common.clock import wait_for
from nova_appliance.common.run import run
from nova_appliance.embedded.compute import Compute
from nova_appliance.embedded.store import Store
from nova_appliance.embedded.volumes import files, jobs, moves, phases
from nova_appliance.embedded.volumes.service import open_volumes

SERVER = "0d5e3f7a-91f5-4c8e-8a66-0b8a6f1d2c33"
CONNECTOR = {"host": "one", "mountpoint": "/dev/vdb"}
TO = {"migration_policy": "on-demand"}


class Nova:
    """The compute service: copies at once, as the volume service asks; `fates` bend that."""

    def __init__(self, rig, old):
        self.rig, self.old, self.fates, self.asked = rig, old, [], []

    def ask(self, method, path, body=None):
        self.asked.append((method, path))
        fate = self.fates.pop(0) if self.fates else None
        if isinstance(fate, int):
            raise urllib.error.HTTPError(path, fate, "no", {}, io.BytesIO(b"It is busy."))
        if fate == "silent":
            raise OSError("Nobody answers.")
        volume_id, new = path.rpartition("/")[2], body["volumeAttachment"]["volumeId"]
        made = self.attach(new)
        way = made["connection_info"]
        if fate == "gone":
            return self.release(made["id"]) or self.release(self.old)
        before = self.way(self.old)
        argv = ["qemu-img", "convert", "-n", "-f", before["format"], "-O", way["format"]]
        run([*argv, before["device_path"], way["device_path"]])
        if fate == "fail":
            self.release(made["id"])
        self.say(volume_id, new, error=fate == "fail")
        if fate != "fail":
            now = {"volume_id": new}
            assert self.way(self.old) == before | now, "the old attachment is one of the old file"
            self.release(self.old)
            self.old = made["id"]
        return None

    def attach(self, volume_id):
        asked = {"volume_uuid": volume_id, "instance_uuid": SERVER, "connector": CONNECTOR}
        made = self.rig.ask("POST", "attachments", {"attachment": asked}, who="admin")["attachment"]
        path = f"attachments/{made['id']}/action"
        self.rig.ask("POST", path, {"os-complete": None}, who="admin", status=204)
        return made

    def way(self, attachment):
        asked = self.rig.ask("GET", f"attachments/{attachment}", who="admin")
        return asked["attachment"]["connection_info"]

    def release(self, attachment):
        self.rig.ask("DELETE", f"attachments/{attachment}", who="admin")

    def say(self, volume_id, new, answers=200, *, error=False):
        act, told = "os-migrate_volume_completion", {"new_volume": new, "error": error}
        return self.rig.act(volume_id, act, answers, who="admin", **told)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(phases, "PAUSES_S", (0.05,))
    monkeypatch.setattr(moves, "EACH_S", 0.05)
    monkeypatch.setattr(moves, "LOOK_S", 0.02)
    monkeypatch.setattr(moves, "BUSY_TRIES", 3)


@pytest.fixture
def volume(rig):
    """A raw volume that begins with an `o`."""
    volume_id = rig.volume(name="v")["id"]
    with rig.disk(volume_id).open("r+b") as disk:
        disk.write(b"o")
    return volume_id


@pytest.fixture
def nova(rig, volume, monkeypatch):
    """The volume is in use."""
    nova = Nova(rig, None)
    nova.old = nova.attach(volume)["id"]
    monkeypatch.setattr(Compute, "is_there", True)
    monkeypatch.setattr(Compute, "ask", nova.ask)
    return nova


def content(rig, volume_id):
    """The first letter of the volume's only file, and that file's name."""
    (path,) = rig.disk("").parent.iterdir()
    form = "qcow2" if path.suffix else "raw"
    flat = rig.settings.state_dir / "flat"
    run(["qemu-img", "convert", "-f", form, "-O", "raw", str(path), str(flat)])
    return flat.read_bytes()[:1].decode(), path.name


def at_rest(rig, volume_id, status="in-use"):
    """The volume, when no other lends it a file any more, as an administrator sees it."""
    store = Store(rig.settings.state_dir / "volumes.db", "")

    def is_so():
        rows = store.all("SELECT id, status FROM volumes")
        return rows == [{"id": volume_id, "status": status}] and not store.all(
            "SELECT * FROM moves"
        )

    assert wait_for(is_so, 60), store.all("SELECT * FROM volumes")
    assert wait_for(lambda: len(list(rig.disk("").parent.iterdir())) == 1, 60)
    return rig.ask("GET", f"volumes/{volume_id}", who="admin")["volume"]


def retype(rig, volume_id, name="qcow2", answers=202, **more):
    return rig.act(volume_id, "os-retype", answers, new_type=name, **(TO | more))


def test_at_rest_the_file_gets_another_format_and_back(rig, volume):
    retype(rig, volume)
    seen = at_rest(rig, volume, "available")
    assert (seen["volume_type"], seen["migration_status"]) == ("qcow2", "success")
    assert content(rig, volume) == ("o", f"volume-{volume}.qcow2")
    retype(rig, volume, "multiattach")
    seen = at_rest(rig, volume, "available")
    assert (seen["volume_type"], seen["multiattach"]) == ("multiattach", True)
    assert content(rig, volume) == ("o", f"volume-{volume}")


def test_what_is_refused(rig, volume, nova):
    for fields, words in (
        ({"migration_policy": "never"}, "needs the migration_policy on-demand"),
        ({"migration_policy": None}, "needs the migration_policy on-demand"),
        ({"migration_policy": "perhaps"}, "perhaps"),
        ({"name": "files"}, "must be available to retype"),
        ({"name": "nothing", "answers": 404}, "could not be found"),
    ):
        told = retype(rig, volume, **({"answers": 400} | fields))
        assert words in str(told), told
    held = rig.ask(
        "POST", "snapshots", {"snapshot": {"volume_id": volume, "force": True}}, status=202
    )
    held = rig.ready(f"snapshots/{held['snapshot']['id']}")["id"]
    assert "has snapshots" in str(retype(rig, volume, answers=400))
    rig.ask("DELETE", f"snapshots/{held}", status=202)
    assert rig.gone(f"snapshots/{held}")
    assert (nova.asked, at_rest(rig, volume)["migration_status"]) == ([], None)


def test_a_volume_of_several_servers_keeps_its_file(rig, monkeypatch):
    shared = rig.volume(volume_type="multiattach")["id"]
    nova = Nova(rig, None)
    monkeypatch.setattr(Compute, "is_there", True)
    nova.attach(shared)
    assert "several servers" in str(retype(rig, shared, answers=400))
    monkeypatch.setattr(Compute, "is_there", False)
    raw = rig.volume()["id"]
    nova.attach(raw)
    assert "no compute service" in str(retype(rig, raw, answers=501))


def test_in_use_the_server_gets_the_new_file_of_the_same_volume(rig, volume, nova):
    retype(rig, volume)
    seen = at_rest(rig, volume)
    assert (seen["volume_type"], seen["migration_status"]) == ("qcow2", "success")
    letter, name = content(rig, volume)
    assert (letter, name) == ("o", f"volume-{seen['os-vol-mig-status-attr:name_id']}.qcow2")
    way = nova.way(nova.old)
    assert (way["device_path"], way["format"], way["volume_id"]) == (
        str(rig.disk("").with_name(name)), "qcow2", volume,
    )  # fmt: skip
    assert [one["attachment_id"] for one in seen["attachments"]] == [nova.old]
    retype(rig, volume, "files")
    assert at_rest(rig, volume)["volume_type"] == "files"
    assert content(rig, volume)[0] == "o"
    nova.release(nova.old)
    rig.ask("DELETE", f"volumes/{volume}", status=202)
    assert rig.gone(f"volumes/{volume}")
    assert list(rig.disk("").parent.iterdir()) == []


@pytest.mark.parametrize("fate", [409, 503, "silent"])
def test_a_server_that_is_busy_is_asked_again(rig, volume, nova, fate):
    nova.fates = [fate]
    retype(rig, volume)
    assert at_rest(rig, volume)["volume_type"] == "qcow2"
    assert len(nova.asked) == 2


@pytest.mark.parametrize(
    ("fates", "times"), [([400], 1), ([404], 1), ([409] * 3, 3), (["silent"] * 3, 3), (["fail"], 1)]
)
def test_without_the_compute_services_part_all_stays(rig, volume, nova, fates, times):
    nova.fates = fates
    retype(rig, volume)
    seen = at_rest(rig, volume)
    assert (seen["volume_type"], seen["migration_status"]) == ("files", "error")
    assert (content(rig, volume), len(nova.asked)) == (("o", f"volume-{volume}"), times)
    retype(rig, volume)
    assert at_rest(rig, volume)["volume_type"] == "qcow2"


def test_a_server_that_goes_meanwhile_leaves_the_volume_as_it_was(rig, volume, nova):
    nova.fates = ["gone"]
    retype(rig, volume)
    seen = at_rest(rig, volume, "available")
    assert (seen["volume_type"], seen["migration_status"]) == ("files", "error")
    assert content(rig, volume) == ("o", f"volume-{volume}")


def test_while_it_moves_nothing_else_is_done_and_only_administrators_see(
    rig, volume, nova, monkeypatch
):
    monkeypatch.setattr(moves, "begin", lambda *_: None)
    used = rig.ask("GET", "limits")["limits"]["absolute"]
    retype(rig, volume)
    new = phases.find(open_volumes(rig.settings), "moves", volume)["new_id"]
    assert rig.ready(f"volumes/{new}", who="admin")["migration_status"] == f"target:{volume}"
    seen = rig.ask("GET", f"volumes/{volume}", who="admin")["volume"]
    assert (seen["status"], seen["migration_status"]) == ("retyping", "migrating")
    assert rig.ask("GET", f"volumes/{volume}")["volume"]["migration_status"] is None
    assert [one["id"] for one in rig.ask("GET", "volumes")["volumes"]] == [volume]
    every = rig.ask("GET", "volumes/detail?all_tenants=1", who="admin")["volumes"]
    assert {one["id"] for one in every} == {volume, new}
    assert rig.ask("GET", "limits")["limits"]["absolute"] == used
    wanted = {"volume_id": volume, "force": True}
    rig.ask("POST", "snapshots", {"snapshot": wanted}, status=400)
    rig.ask("POST", "snapshots", {"snapshot": wanted | {"volume_id": new}}, status=400)
    version = {"OpenStack-API-Version": "volume 3.68"}
    for one in (volume, new):
        path = f"volumes/{one}/action"
        for body in (
            {"os-extend": {"new_size": 2}},
            {"os-retype": {"new_type": "files", **TO}},
            {"os-volume_upload_image": {"image_name": "i"}},
        ):
            rig.ask("POST", path, body, status=400, **version)
        rig.ask("DELETE", f"volumes/{one}", status=400)
        rig.ask("DELETE", f"volumes/{one}?force=true", who="admin", status=400)
    nova.say(volume, new, 400)
    nova.say(volume, volume, 400)
    told = {"new_volume": new, "error": False}
    rig.act(volume, "os-migrate_volume_completion", 403, **told)
    monkeypatch.undo()


class Death(BaseException):
    """The process is gone."""


def die(*_args, **_more):
    raise Death


@pytest.mark.parametrize("fate", [None, "fail"])
@pytest.mark.parametrize("phase", [*sorted(moves.PHASES), "end"])
def test_a_crash_in_any_phase_is_gone_on_from(rig, volume, nova, phase, fate, monkeypatch):
    """The process dies before the phase; `end` is when all is written, and files are to go yet."""
    seen = []
    with monkeypatch.context() as first:
        first.setattr(moves, "begin", lambda volumes, _id: seen.append(volumes))
        if phase == moves.MAKE:
            first.setattr(jobs, "begin", lambda *_: None)
        retype(rig, volume)
    nova.fates = [fate]
    with monkeypatch.context() as last:
        if phase == "end":
            last.setattr(jobs, "begin", die)
        else:
            last.setitem(moves.PHASES, phase, die)
        with pytest.raises(Death):
            _run_to_the_end(seen[0], volume)
    nova.fates = [fate] if not nova.asked else []
    seen = at_rest(rig.again(), volume)
    if fate == "fail":
        assert (seen["volume_type"], seen["migration_status"]) == ("files", "error")
        assert content(rig, volume) == ("o", f"volume-{volume}")
    else:
        assert (seen["volume_type"], seen["migration_status"]) == ("qcow2", "success")
        assert content(rig, volume)[0] == "o"
    assert len(nova.asked) == 1


def _run_to_the_end(volumes, volume_id):
    """Death comes even where the phase is not met."""
    moves.run(volumes, volume_id)
    raise Death


def test_a_crash_when_the_compute_service_has_the_order_asks_again(rig, volume, nova, monkeypatch):
    """It answers that it is at that already; its word comes later."""
    with monkeypatch.context() as first:
        first.setattr(moves, "begin", lambda *_: None)
        retype(rig, volume)
    service = open_volumes(rig.settings)
    row = phases.find(service, "moves", volume)
    moves.PHASES[moves.MAKE](service, row)
    new = row["new_id"]
    made = nova.attach(new)
    nova.fates = [409] * 99
    rig.again()
    assert wait_for(lambda: nova.asked, 30)
    assert not wait_for(lambda: len(nova.asked) > 1, 0.5, 0.1)
    nova.say(volume, new)
    assert nova.say(volume, new)["save_volume_id"] == volume
    nova.release(nova.old)
    seen = at_rest(rig, volume)
    assert [one["attachment_id"] for one in seen["attachments"]] == [made["id"]]
    assert seen["volume_type"] == "qcow2"
    assert nova.say(volume, new)["save_volume_id"] == volume


def test_a_job_at_rest_goes_on_after_a_crash(rig, volume, monkeypatch):
    with monkeypatch.context() as dead:
        dead.setattr(jobs, "begin", lambda *_: None)
        retype(rig, volume)
    rig.disk(f"{volume}.qcow2.part").write_bytes(b"half")
    assert at_rest(rig.again(), volume, "available")["volume_type"] == "qcow2"
    assert content(rig, volume) == ("o", f"volume-{volume}.qcow2")
    with monkeypatch.context() as dead:
        dead.setattr(files, "remove", die)
        dead.setattr(jobs, "begin", lambda *_: None)
        retype(rig, volume, "files")
        service = open_volumes(rig.settings)
        with pytest.raises(Death):
            jobs._run(service, "volumes", volume)
    assert at_rest(rig.again(), volume, "available")["volume_type"] == "files"
    assert content(rig, volume) == ("o", f"volume-{volume}")


def test_a_disk_that_cannot_be_converted_stays(rig, volume, monkeypatch):
    def fail(*_):
        raise OSError("The disk is full.")

    with monkeypatch.context() as full:
        full.setattr(files, "overwrite", fail)
        retype(rig, volume)
        seen = at_rest(rig, volume, "available")
    assert (seen["volume_type"], seen["migration_status"]) == ("files", "error")
    assert content(rig, volume) == ("o", f"volume-{volume}")
