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
  *" up") echo "{says} [c1]: no $(grep -c ' up$' asked)"; test $(grep -c ' up$' asked) -gt {bad_ups} ;;
  "test "*) exit {tests} ;;
esac
"""
UP, DOWN = "lab --name ci --net 10.76 up", "lab --name ci --net 10.76 down"


@pytest.mark.parametrize(
    ("trouble", "tests", "code", "ups", "said"),
    [
        (("fatal:", 0), 0, 0, 1, "attempt 1 of 2"),
        (("fatal:", 1), 0, 0, 2, "lab up FAILED in attempt 1"),
        (("fatal:", 9), 0, 1, 2, "fatal: [c1]: no 2"),
        (("fatal:", 0), 1, 1, 1, "the last complaints of its journal"),
        (("cannot carry hosts of a lab:", 9), 1, 0, 1, "nothing of it was tested here"),
    ],
    ids=["well", "once-more", "never-up", "test-failed", "no-hosts-here"],
)
def test_it_ends_as_it_went(tmp_path, trouble, tests, code, ups, said):
    says, bad_ups = trouble
    (tmp_path / ".ci").mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci" / "lab")
    (tmp_path / "appliance").write_text(APPLIANCE.format(says=says, bad_ups=bad_ups, tests=tests))
    (tmp_path / "appliance").chmod(0o755)
    ended = subprocess.run(
        ["bash", str(tmp_path / ".ci" / "lab")],
        capture_output=True, text=True, check=False, timeout=60, env=dict(os.environ),
    )  # fmt: skip
    asked = (tmp_path / "asked").read_text().splitlines()
    assert (ended.returncode, asked.count(UP), asked[-1]) == (code, ups, DOWN), ended.stdout
    assert said in ended.stdout
