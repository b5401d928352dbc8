# SPDX-License-Identifier: Apache-2.0
"""Tells whether the host was started anew since the agent brought it in line last."""

from __future__ import annotations

from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
FIRST_PROCESS = Path("/proc/1/stat")
NAME = "nova-compute.boot"


def now() -> str:
    """Changes with each start of the machine, or of the container that stands for one."""
    started = FIRST_PROCESS.read_text().rpartition(")")[2].split()[19]
    return f"{BOOT_ID.read_text().strip()} {started}"


def is_new(folder: Path) -> bool:
    """Whether `keep` was not called since the host started."""
    try:
        return (folder / NAME).read_text() != now()
    except FileNotFoundError:
        return True


def keep(folder: Path) -> None:
    """Remember this start of the host."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{NAME}.part"
    part.write_text(now())
    part.replace(folder / NAME)
