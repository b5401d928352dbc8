# SPDX-License-Identifier: Apache-2.0
"""A member of the database says by HTTP whether it may be asked."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "roles/mariadb/files/appliance-galera"


@pytest.mark.parametrize(
    ("client", "status"),
    [("echo ON", "200 OK"), ("echo OFF", "503 Service Unavailable"), ("exit 1", "503 Service Unavailable")],
    ids=["takes part", "catches up", "does not run"],
)  # fmt: skip
def test_a_member_is_asked_only_while_it_takes_part(tmp_path, client, status):
    (tmp_path / "mariadb").write_text(f"#!/bin/sh\n{client}\n")
    (tmp_path / "mariadb").chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", str(SCRIPT)], input="GET / HTTP/1.0\r\n\r\n", capture_output=True, text=True,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[0] == f"HTTP/1.0 {status}"
