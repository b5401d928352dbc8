# SPDX-License-Identifier: Apache-2.0
"""Network namespaces: made, found broken, removed."""

from __future__ import annotations

import contextlib
from pathlib import Path

from nova_appliance.common.run import ProgramFailed, run
from nova_appliance.embedded.networks.plane import links
from nova_appliance.embedded.networks.plane.links import Link

_HOME = Path("/run/netns")


def ensure(name: str, *, forwards: bool) -> dict[str, Link]:
    """The namespace with its devices; one that a crash left half made is made again."""
    if (_HOME / name).exists():
        with contextlib.suppress(ProgramFailed):
            return _ready(name, forwards=forwards)
        remove(name)
    run(["ip", "netns", "add", name])
    return _ready(name, forwards=forwards)


def _ready(name: str, *, forwards: bool) -> dict[str, Link]:
    found = links.read(name)
    if forwards:
        run(["ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv4.ip_forward=1"])
    return found


def remove(name: str) -> None:
    """Remove a namespace and all that is in it; it may be gone already."""
    if (_HOME / name).exists():
        with contextlib.suppress(ProgramFailed):
            run(["ip", "netns", "delete", name])
        (_HOME / name).unlink(missing_ok=True)


def present() -> frozenset[str]:
    """The names of all namespaces of the machine."""
    return frozenset(path.name for path in (_HOME.iterdir() if _HOME.is_dir() else ()))
