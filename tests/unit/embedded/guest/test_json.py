# SPDX-License-Identifier: Apache-2.0
"""The guest has no JSON parser but json.awk; it must read whatever a metadata service writes."""

from __future__ import annotations

import json
import subprocess
from importlib import resources

import pytest

AWK = resources.files("nova_appliance.embedded.guest") / "files" / "json.awk"


def _flat(text):
    argv = ["awk", "-f", str(AWK)]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, [tuple(row.split("\t", 1)) for row in done.stdout.splitlines()]


@pytest.mark.parametrize("style", [{}, {"indent": 4}, {"separators": (",", ":")}])
def test_every_leaf_is_a_row(style):
    given = {
        "hostname": "first.novalocal",
        "public_keys": {"k": "ssh-ed25519 AAAA me\n", "other key": "ssh-rsa BBBB"},
        "keys": [{"name": "k"}, {"name": "l"}],
        "launch_index": 0,
        "meta": {},
        "devices": [],
        "empty": "",
        "flag": True,
    }
    code, rows = _flat(json.dumps(given, **style))
    assert code == 0
    assert rows == [
        ("hostname", "first.novalocal"),
        ("public_keys/k", "ssh-ed25519 AAAA me"),
        ("public_keys/k", ""),
        ("public_keys/other key", "ssh-rsa BBBB"),
        ("keys/0/name", "k"),
        ("keys/1/name", "l"),
        ("launch_index", "0"),
        ("empty", ""),
        ("flag", "true"),
    ]


def test_marks_inside_strings_are_text():
    code, rows = _flat(json.dumps({"a": 'x "y" {z}: [1, 2] \\ \t/', "b": "c"}))
    assert code == 0
    assert rows == [("a", 'x "y" {z}: [1, 2] \\ \t/'), ("b", "c")]


@pytest.mark.parametrize("broken", ["", "{", '{"a"', '{"a": ', '{"a": "b', "[1", "{a: 1}"])
def test_broken_text_ends_with_a_failure(broken):
    assert _flat(broken)[0] != 0
