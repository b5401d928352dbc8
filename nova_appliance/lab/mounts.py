# SPDX-License-Identifier: Apache-2.0
"""Overlay mounts of lab hosts and of layers being made."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from nova_appliance.common.run import run

TABLE = Path("/proc/self/mounts")
GOING = ".going"
"""Ends the name of a folder that is being removed: one that bears its own name is whole."""


def overlay(folder: Path, lower: Sequence[Path]) -> Path:
    """Mount FOLDER/root over `lower`, the topmost first; changes are kept in FOLDER/up."""
    root = folder / "root"
    for name in ("up", "work", "root"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    if root not in below(folder):
        layers = ":".join(str(one) for one in lower)
        options = f"lowerdir={layers},upperdir={folder}/up,workdir={folder}/work"
        run(["mount", "-t", "overlay", "overlay", "-o", options, str(root)])
    return root


def below(folder: Path) -> tuple[Path, ...]:
    """Mount points in the folder, the innermost first."""
    points = (
        Path(line.split()[1].replace("\\040", " ")) for line in TABLE.read_text().splitlines()
    )
    found = [point for point in points if point.is_relative_to(folder)]
    return tuple(sorted(found, key=lambda point: -len(point.parts)))


def remove(folder: Path) -> None:
    """Unmount all in the folder, then delete it; nothing there is fine. Killed it leaves no half."""
    for point in below(folder):
        run(["umount", "-l", str(point)])
    if left := below(folder):
        raise OSError(f"{left[0]} is still mounted")
    aside = going(folder)
    if aside.exists():
        shutil.rmtree(aside)
    if folder.exists():
        folder.rename(aside)
        shutil.rmtree(aside)


def going(folder: Path) -> Path:
    """How the folder is called while it is being removed."""
    return folder.with_name(folder.name + GOING)
