# SPDX-License-Identifier: Apache-2.0
"""The one door to external programs: argument lists only, an allowlist, always a time limit."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from nova_appliance.common.errors import ApplianceError


class ProgramFailed(ApplianceError):
    """A program ended with another code than 0, was not found, or ran out of time."""

    def __init__(self, argv: Sequence[str], code: int | None, output: str) -> None:
        self.argv, self.code, self.output = tuple(argv), code, output
        ended = "ran out of time" if code is None else f"ended with {code}"
        super().__init__(f"{argv[0]} {ended}: {output.strip()[-500:]}")


class NotAllowed(ApplianceError):
    """The program is not in common/allowlist.txt."""


def allowed() -> frozenset[str]:
    """Names of the programs that the package may run."""
    text = resources.files("nova_appliance.common").joinpath("allowlist.txt").read_text()
    return frozenset(w for line in text.splitlines() if (w := line.split("#")[0].strip()))


_ALLOWED = allowed()


def run(
    argv: Sequence[str], *, timeout_s: float = 60, given: str | None = None, cwd: Path | None = None
) -> str:
    """Run a program to its end and return what it printed on standard output.

    Raises ProgramFailed, or NotAllowed when its name is not on the list.
    """
    if argv[0].rsplit("/", 1)[-1] not in _ALLOWED:
        raise NotAllowed(f"{argv[0]} is not in common/allowlist.txt")
    try:
        done = subprocess.run(  # noqa: S603 - an argument list, its program on the allowlist
            list(argv),
            input=given,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            cwd=cwd,
        )
    except subprocess.TimeoutExpired as error:
        raise ProgramFailed(argv, None, str(error)) from error
    except FileNotFoundError as error:
        raise ProgramFailed(argv, 127, f"{argv[0]} is not installed") from error
    if done.returncode:
        raise ProgramFailed(argv, done.returncode, done.stderr or done.stdout)
    return done.stdout
