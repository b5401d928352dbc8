# SPDX-License-Identifier: Apache-2.0
"""`python -m nova_appliance.lab.enter CGROUP PROGRAM...`: become the program, in that cgroup.

Each lab host has a cgroup of its own: units of equal name in two hosts must not share one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from nova_appliance.lab import cgroups


def main(argv: list[str]) -> None:
    """Never returns."""
    name, *program = argv
    for folder in cgroups.folders(name):
        folder.mkdir(exist_ok=True)
        Path(folder, "cgroup.procs").write_text(str(os.getpid()))
    os.execvp(program[0], program)  # noqa: S606 - the lab's own argument list


if __name__ == "__main__":
    main(sys.argv[1:])
