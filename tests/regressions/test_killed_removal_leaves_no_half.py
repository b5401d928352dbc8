# SPDX-License-Identifier: Apache-2.0
"""A `down --purge` that was killed left half a layer, which the next lab took for a whole one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from nova_appliance.cmd import lab
from nova_appliance.lab import layers, mounts, shape, traces

DEBIAN = Path(__file__).parents[2] / "appliance.d" / "debian.sh"
SCRIPT = """
set -euo pipefail
STATE=none KVM=none
source "$1"
vanish "$2"
"""
KILLED = SCRIPT.replace("vanish", "rm() { [[ ! -e $2 ]] || kill -9 $BASHPID; }; vanish")


def vanish(script: str, folder: Path) -> int:
    argv = ["bash", "-c", script, "test", str(DEBIAN), str(folder)]
    return subprocess.run(argv, check=False, stdin=subprocess.DEVNULL).returncode


def filled(folder: Path) -> Path:
    for name in ("etc", "usr"):
        (folder / name).mkdir(parents=True)
        (folder / name / "file").touch()
    return folder


def test_a_purge_that_is_killed_leaves_nothing_of_that_name_and_the_next_one_takes_the_rest(
    tmp_path: Path,
) -> None:
    folder = filled(tmp_path / "state")
    assert vanish(KILLED, folder) == -9
    assert [one.name for one in tmp_path.iterdir()] == ["state.going"]
    assert vanish(SCRIPT, folder) == 0
    assert list(tmp_path.iterdir()) == []


class Killed(BaseException):
    pass


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Removals end after a part of what they should remove."""

    def half(folder: Path) -> None:
        remove(folder / "etc")
        raise Killed

    remove = shutil.rmtree
    monkeypatch.setattr(mounts.shutil, "rmtree", half)
    return monkeypatch


def test_a_layer_that_goes_is_no_layer(tmp_path: Path, killed: pytest.MonkeyPatch) -> None:
    stale = filled(tmp_path / "layers" / "compute-1")
    with pytest.raises(Killed):
        layers.sweep(tmp_path)
    assert not stale.exists()
    killed.undo()
    layers.sweep(tmp_path)
    assert list((tmp_path / "layers").iterdir()) == []


def test_a_lab_that_goes_is_no_lab(tmp_path: Path, killed: pytest.MonkeyPatch) -> None:
    its = shape.planned(shape.Lab(tmp_path, "zzc"), 1, 1)
    shape.remember(its)
    filled(its.folder)
    with pytest.raises(Killed):
        traces.remove(its)
    assert shape.lab_of(tmp_path, "zzc", its.net).hosts == ()
    assert traces.found(its) == (f"folder {its.folder}.going",)
    killed.undo()
    lab.remove_all(tmp_path)
    assert traces.found(its) == ()
