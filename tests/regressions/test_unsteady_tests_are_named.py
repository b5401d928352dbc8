# SPDX-License-Identifier: Apache-2.0
"""One test of thousands tripped over a busy machine and a whole run was red: it gets a second try.

What passes then is named in the last lines; what fails twice, or fails in crowds, is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKS = Path(__file__).parents[2] / "appliance.d" / "checks.sh"
SCRIPT = """
set -euo pipefail
die() { echo "$*" >&2; exit 1; }
source "$1"
HERE=$2 VENV=$3
run_tests --retry ${4:-} tests
"""
ONCE = """
import pathlib
SEEN = pathlib.Path(__file__).with_suffix(".seen")
def test_steady():
    assert SEEN
def test_it():
    if SEEN.exists() and not {always}:
        return
    SEEN.touch()
    raise AssertionError
"""


@pytest.mark.parametrize(
    ("body", "word", "code", "said"),
    [
        (ONCE.format(always=False), "", 0, "UNSTEADY, failed once and passed alone: tests/te"),
        (ONCE.format(always=False), "--lab", 0, "UNSTEADY, failed once and passed alone: tests/te"),
        (ONCE.format(always=True), "", 1, "these tiers failed: tests"),
        ("raise OSError", "", 1, "these tiers failed: tests"),
        ("def test_it(): pass", "--lab", 0, "=== 1 passed, 0 failed"),
    ],
    ids=["once", "once-in-a-lab", "always", "no-import", "well-in-a-lab"],
)
def test_a_second_try(tmp_path, body, word, code, said):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_one.py").write_text(body)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tmp_path / "bin" / "python").chmod(0o755)
    ended = subprocess.run(
        ["bash", "-c", SCRIPT, "bash", CHECKS, tmp_path, tmp_path, word],
        capture_output=True, text=True, check=False, timeout=120,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
    )  # fmt: skip
    assert (ended.returncode, said in ended.stdout + ended.stderr) == (code, True), ended.stdout
