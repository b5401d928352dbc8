# SPDX-License-Identifier: Apache-2.0
"""A run without one failure ended with exit code 1: nothing was found to count."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

CHECKS = Path(__file__).parents[2] / "appliance.d" / "checks.sh"
SCRIPT = """
set -euo pipefail
die() { echo "$*" >&2; exit 1; }
source "$1"
shift
closing_line "$@"
"""
GREEN = "179 passed, 437 warnings in 113.40s (0:01:53)\n12 passed in 34.28s\n"
RED = "1 failed, 3 passed, 2 errors in 2s\n1 error in 1s\n"


@pytest.mark.parametrize(
    ("counts", "failed", "code", "line"),
    [
        (GREEN, [], 0, "=== 191 passed, 0 failed in "),
        (GREEN + RED, ["http"], 1, "=== 194 passed, 1 failed, 3 errors in "),
        ("no tests ran in 0.01s\n", [], 1, "=== 0 passed, 0 failed in "),
    ],
)
def test_the_closing_line(tmp_path, counts, failed, code, line):
    (tmp_path / "counts").write_text(counts)
    ended = subprocess.run(
        ["bash", "-c", SCRIPT, "bash", CHECKS, tmp_path / "counts", *failed],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, line in ended.stdout) == (code, True), ended.stderr
