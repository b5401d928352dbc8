# SPDX-License-Identifier: Apache-2.0
"""`./appliance down --purge` takes labs along: their layers lie in the folder that it removes."""

from __future__ import annotations

from pathlib import Path

import pytest

from nova_appliance.cmd import lab
from nova_appliance.lab import shape


def test_every_lab_goes_and_layers_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("zza", "zzb"):
        shape.remember(shape.planned(shape.Lab(tmp_path, name), 1, 1))
    (tmp_path / "layers" / "base-1").mkdir(parents=True)
    lab.remove_all(tmp_path)
    assert list((tmp_path / "labs").iterdir()) == []
    assert (tmp_path / "layers" / "base-1").exists()
    assert capsys.readouterr().out.count("is gone") == 2
    lab.remove_all(tmp_path)
    lab.remove_all(tmp_path / "never")
