# SPDX-License-Identifier: Apache-2.0
"""`./appliance lab --name X tempest REGEX` handed X to tempest, and asked the lab named `lab`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

APPLIANCE = Path(__file__).parents[2] / "appliance"
SCRIPT = """
set -euo pipefail
sed '/^HERE=/d; /^source /d; /^main /d' "$1" >"$2/functions"
HERE=/clone
source "$2/functions"
VENV=$2
WORK=/state
need_root() { :; }
prepare() { :; }
installed() { :; }
make_tempest() { :; }
mkdir "$2/bin"
printf '#!/bin/sh\\necho "${NOVA_APPLIANCE_LAB:-}" "$@"\\n' >"$2/bin/python"
cp "$2/bin/python" "$2/bin/nova-appliance"
chmod 755 "$2/bin/"*
shift 2
lab "$@"
"""
TEMPEST = "/clone/tests/lab/tempest/run.py /state/tempest/bin/tempest"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tempest"], f" {TEMPEST}"),
        (["tempest", "a.b"], f" {TEMPEST} a.b"),
        (["--name", "x", "--net", "10.9", "tempest", "a.b"], f"x {TEMPEST} a.b"),
        (["--name=x", "tempest"], f"x {TEMPEST}"),
        (["ssh", "c1", "tempest"], " lab ssh c1 tempest"),
        (["--name", "up", "status"], "up lab --name up status"),
    ],
)
def test_words_of_lab(tmp_path: Path, words: list[str], said: str) -> None:
    done = subprocess.run(
        ["bash", "-c", SCRIPT, "bash", APPLIANCE, tmp_path, *words],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, said + "\n", "")
