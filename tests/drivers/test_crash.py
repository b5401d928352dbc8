# SPDX-License-Identifier: Apache-2.0
"""A process that dies at any line leaves what the next one can finish or remove."""

import ast
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "fixtures" / "die_at_line.py"


def deaths(*arguments):
    argv = [sys.executable, str(SCRIPT), *map(str, arguments)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout)


def test_the_fake_survives_a_death_at_every_line(tmp_path):
    died = deaths("fake", tmp_path, "", 1)
    assert died["boot"] > 50
    assert died["remove"] > 10


def test_libvirt_survives_deaths_all_along(daemons):
    died = deaths("libvirt", daemons.folder / "crash", daemons.uri, 43)
    assert died["boot"] > 5
    assert died["remove"] > 1
