# SPDX-License-Identifier: Apache-2.0
"""CI's lab gets a second try at coming up, says so, and leaves no hosts behind, however it ended."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "lab"
APPLIANCE = """#!/bin/sh
echo "$*" >>asked
case $* in
  *" up") echo "fatal: [c1]: no $(grep -c ' up$' asked)"; test $(grep -c ' up$' asked) -gt {bad_ups} ;;
  "test "*) exit {tests} ;;
esac
"""
UP, DOWN = "lab --name ci --net 10.76 up", "lab --name ci --net 10.76 down"


@pytest.mark.parametrize(
    ("bad_ups", "tests", "code", "ups", "said"),
    [
        (0, 0, 0, 1, "attempt 1 of 2"),
        (1, 0, 0, 2, "lab up FAILED in attempt 1"),
        (9, 0, 1, 2, "fatal: [c1]: no 2"),
        (0, 1, 1, 1, "the last complaints of its journal"),
    ],
    ids=["well", "once-more", "never-up", "test-failed"],
)
def test_it_ends_as_it_went(tmp_path, bad_ups, tests, code, ups, said):
    (tmp_path / ".ci").mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci" / "lab")
    (tmp_path / "appliance").write_text(APPLIANCE.format(bad_ups=bad_ups, tests=tests))
    (tmp_path / "appliance").chmod(0o755)
    ended = subprocess.run(
        ["bash", str(tmp_path / ".ci" / "lab")],
        capture_output=True, text=True, check=False, timeout=60, env=dict(os.environ),
    )  # fmt: skip
    asked = (tmp_path / "asked").read_text().splitlines()
    assert (ended.returncode, asked.count(UP), asked[-1]) == (code, ups, DOWN), ended.stdout
    assert said in ended.stdout
