# SPDX-License-Identifier: Apache-2.0
"""The tables of the image name things that are there."""

from __future__ import annotations

import subprocess

import pytest

from nova_appliance.embedded import guest
from nova_appliance.embedded.guest import disk, image, recipe

FILES = image.HERE / "files"


def test_every_file_of_ours_is_used():
    used = {name for name, _ in recipe.FILES.values()} | {"grub.cfg"}
    assert used == {path.name for path in FILES.iterdir()}


@pytest.mark.parametrize("name", [n for n, mode in recipe.FILES.values() if mode & 0o100])
def test_scripts_are_valid_shell(name):
    script = FILES / name
    assert script.read_text().startswith("#!/bin/sh\n")
    subprocess.run(["sh", "-n", str(script)], check=True, timeout=60)


def test_the_data_partition_reaches_beyond_any_disk_and_fits_its_field(tmp_path):
    raw = tmp_path / "raw"
    disk._partition(raw, 64)
    sector = raw.read_bytes()[:512]
    assert sector[510:] == b"\x55\xaa"
    boot, data = sector[446:462], sector[462:478]
    start, size = (int.from_bytes(boot[n : n + 4], "little") for n in (8, 12))
    assert (boot[0], start, size) == (0x80, 2048, recipe.BOOT_SIZE * 2048)
    begins, promised = (int.from_bytes(data[n : n + 4], "little") for n in (8, 12))
    assert begins == start + size
    assert begins + promised == 2**32 - 1


def test_one_recipe_has_one_image(tmp_path):
    kept = tmp_path / f"tiny-{guest.content_key()[:16]}.qcow2"
    kept.touch()
    assert guest.cached(tmp_path) == kept
