# SPDX-License-Identifier: Apache-2.0
"""The archive is one that a reader of "newc" takes apart again."""

from __future__ import annotations

import stat

from nova_appliance.embedded.guest import initrd

HEADER = 110


def _take_apart(archive):
    """Path > (mode, content), as the kernel reads it."""
    found, at = {}, 0
    while True:
        assert archive[at : at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name = archive[at + HEADER : at + HEADER + name_size - 1].decode()
        start = at + HEADER + name_size
        start += -start % 4
        if name == "TRAILER!!!":
            return found
        found[name] = (mode, archive[start : start + size])
        at = start + size
        at += -at % 4


def test_what_is_packed_comes_out():
    archive = initrd.pack(
        [initrd.file("bin/a", b"odd", 0o755), initrd.link("init", "bin/a"), initrd.file("b", b"")]
    )
    found = _take_apart(archive)
    assert found["bin/a"] == (stat.S_IFREG | 0o755, b"odd")
    assert found["init"] == (stat.S_IFLNK | 0o777, b"bin/a")
    assert found["b"] == (stat.S_IFREG | 0o644, b"")


def test_parents_are_made_and_come_first():
    paths = list(_take_apart(initrd.pack([initrd.file("a/b/c", b"x")])))
    assert paths == ["a", "a/b", "a/b/c"]


def test_a_given_directory_keeps_its_mode():
    entries = [initrd.file("root/x", b""), initrd.directory("root", 0o700)]
    assert _take_apart(initrd.pack(entries))["root"][0] == stat.S_IFDIR | 0o700


def test_equal_files_give_equal_bytes():
    rows = [initrd.file("b", b"2"), initrd.file("a", b"1")]
    assert initrd.pack(rows) == initrd.pack(reversed(rows))
