# SPDX-License-Identifier: Apache-2.0
"""A machine that cannot carry hosts is told so in one sentence, before anything is made."""

import pytest

from nova_appliance.common.errors import Unsupported
from nova_appliance.common.run import ProgramFailed
from nova_appliance.lab import machine


def _refuse_mount(_home):
    raise ProgramFailed(["mount"], 32, "mount: wrong fs type,\n bad option")


def _refuse_cgroup(_home):
    raise OSError(30, "Read-only file system", "/sys/fs/cgroup/systemd/labprobe-7")


def test_everything_that_is_missing_is_named_at_once(tmp_path, monkeypatch):
    needs = (("disks", _refuse_mount), ("fine", lambda _home: None), ("cgroups", _refuse_cgroup))
    monkeypatch.setattr(machine, "NEEDS", needs)
    with pytest.raises(Unsupported) as told:
        machine.check(tmp_path)
    assert told.value.message == (
        "This machine cannot carry hosts of a lab: "
        "disks (mount ended with 32: mount: wrong fs type, bad option); "
        "cgroups ([Errno 30] Read-only file system: '/sys/fs/cgroup/systemd/labprobe-7')."
    )


def test_a_machine_that_lacks_nothing_is_not_complained_of(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "NEEDS", (("fine", lambda _home: None),))
    machine.check(tmp_path)


def test_a_folder_that_cannot_be_made_is_a_sentence_too(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Unsupported, match=r"overlay mounts.*Not a directory"):
        machine.check(tmp_path / "file" / "lab")


def test_a_device_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "TUN", tmp_path / "tun")
    with pytest.raises(Unsupported, match="tun is no device"):
        machine.check(tmp_path)
