# SPDX-License-Identifier: Apache-2.0
"""Lays out a bootable BIOS disk in a plain file: no loop device, no mount, no root needed."""

from __future__ import annotations

import dataclasses
import os
from importlib import resources
from pathlib import Path

from nova_appliance.common.run import run
from nova_appliance.embedded.guest import recipe

SECTOR = 512
CODE_BYTES = 440  # the boot sector's code; after it come the disk's id and partition table
MIB = 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Bootable:
    """What GRUB is to load."""

    kernel: Path
    initrd: bytes


def write(bootable: Bootable, target: Path, work: Path) -> None:
    """Make the qcow2 `target`: GRUB, the boot partition, and an empty partition for /data."""
    raw = work / "disk.raw"
    start = recipe.BOOT_START + recipe.BOOT_SIZE
    _partition(raw, start + recipe.DATA_SIZE)
    _embed_grub(raw, work)
    _file_system(raw, _boot_tree(bootable, work), recipe.BOOT_START, recipe.BOOT_SIZE)
    _data_system(raw, start, recipe.DATA_SIZE)
    beside = target.with_name(target.name + ".part")
    run(["qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", str(raw), str(beside)])
    beside.replace(target)


def _partition(raw: Path, size_mib: int) -> None:
    raw.write_bytes(b"")
    os.truncate(raw, size_mib * MIB)
    per_mib = recipe.SECTORS_PER_MIB
    boot = (recipe.BOOT_START * per_mib, recipe.BOOT_SIZE * per_mib, 0x80)
    data = (boot[0] + boot[1], recipe.DATA_SECTORS_PROMISED, 0)
    table = b"".join(_table_row(*row) for row in (boot, data)) + bytes(2 * 16)
    with raw.open("r+b") as file:
        file.seek(CODE_BYTES + 6)
        file.write(table + b"\x55\xaa")


def _table_row(start: int, sectors: int, flag: int) -> bytes:
    """One row of the partition table; the cylinder fields say "see the sector numbers"."""
    beyond = b"\xfe\xff\xff"
    linux = b"\x83"
    numbers = start.to_bytes(4, "little") + sectors.to_bytes(4, "little")
    return bytes([flag]) + beyond + linux + beyond + numbers


def _embed_grub(raw: Path, work: Path) -> None:
    """Boot code into the first sector, GRUB's core right after it, where that code looks for it."""
    commands, core = work / "grub.cfg", work / "core.img"
    files = resources.files("nova_appliance.embedded.guest") / "files"
    commands.write_bytes((files / "grub.cfg").read_bytes())
    run(
        [
            "grub-mkimage", "-O", "i386-pc", "-d", recipe.GRUB_DIR, "-c", str(commands),
            "-p", "(hd0,msdos1)/", "-o", str(core), *recipe.GRUB_MODULES,
        ]
    )  # fmt: skip
    with raw.open("r+b") as file:
        file.write(Path(recipe.GRUB_DIR, "boot.img").read_bytes()[:CODE_BYTES])
        file.seek(SECTOR)
        file.write(core.read_bytes())


def _boot_tree(bootable: Bootable, work: Path) -> Path:
    tree = work / "boot"
    tree.mkdir()
    (tree / "vmlinuz").write_bytes(bootable.kernel.read_bytes())
    (tree / "initrd").write_bytes(bootable.initrd)
    return tree


def _file_system(raw: Path, tree: Path, start_mib: int, size_mib: int) -> None:
    features = "^metadata_csum,^64bit,^has_journal,^resize_inode"
    options = ["-O", features, "-L", "guest-boot", "-d", str(tree)]
    _make_ext4(raw, options, start_mib, size_mib)


def _data_system(raw: Path, start_mib: int, size_mib: int) -> None:
    options = ["-b", "4096", "-J", "size=4", "-L", recipe.DATA_LABEL]
    _make_ext4(raw, options, start_mib, size_mib)


def _make_ext4(raw: Path, options: list[str], start_mib: int, size_mib: int) -> None:
    place = ["-E", f"offset={start_mib * MIB},root_owner=0:0", str(raw), f"{size_mib}M"]
    run(["mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", *options, *place])
