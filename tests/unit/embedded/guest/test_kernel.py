# SPDX-License-Identifier: Apache-2.0
"""Modules come with what they need, and with the list that modprobe reads."""

from __future__ import annotations

import pytest

from nova_appliance.common.errors import Unavailable
from nova_appliance.embedded.guest import kernel


@pytest.fixture
def some_kernel(tmp_path):
    home = tmp_path / "lib/modules/6.1"
    home.mkdir(parents=True)
    depends = "net/card.ko: bus.ko core.ko\nbus.ko: core.ko\ncore.ko:\nother-one.ko:\n"
    (home / "modules.dep").write_text(depends)
    for line in depends.splitlines():
        path = home / line.split(":")[0]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(path.name.encode())
    return kernel.Kernel("6.1", tmp_path / "vmlinuz", home)


def test_a_module_brings_what_it_needs(some_kernel):
    entries = {entry.path: entry for entry in kernel.modules(some_kernel, ["card"])}
    assert set(entries) == {
        f"lib/modules/6.1/{name}" for name in ("modules.dep", "net/card.ko", "bus.ko", "core.ko")
    }
    listing = entries["lib/modules/6.1/modules.dep"].content.decode()
    assert "net/card.ko: bus.ko core.ko\n" in listing
    assert "other" not in listing


def test_dash_and_underscore_are_one(some_kernel):
    paths = [entry.path for entry in kernel.modules(some_kernel, ["other_one"])]
    assert "lib/modules/6.1/other-one.ko" in paths


def test_a_module_built_into_the_kernel_is_no_file(some_kernel):
    assert len(kernel.modules(some_kernel, ["ext4"])) == 1


def test_no_kernel_is_said(tmp_path):
    with pytest.raises(Unavailable, match="no kernel"):
        kernel.find(tmp_path)
