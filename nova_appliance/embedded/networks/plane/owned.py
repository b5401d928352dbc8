# SPDX-License-Identifier: Apache-2.0
"""The names of what we made on the machine, noted before it is made: only these are ever removed."""

from __future__ import annotations

from pathlib import Path

from nova_appliance.embedded.networks.plane import nudge
from nova_appliance.embedded.settings import Settings

BRIDGE, NAMESPACE = "bridge", "namespace"


def note(settings: Settings, kind: str, name: str) -> None:
    """We are about to make this."""
    path = _directory(settings) / f"{kind}:{name}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def forget(settings: Settings, kind: str, name: str) -> None:
    """It is gone."""
    (_directory(settings) / f"{kind}:{name}").unlink(missing_ok=True)


def names(settings: Settings, kind: str) -> list[str]:
    """All that we made of this kind."""
    place = _directory(settings)
    found = place.iterdir() if place.is_dir() else ()
    return sorted(one.name.split(":", 1)[1] for one in found if one.name.startswith(kind + ":"))


def _directory(settings: Settings) -> Path:
    return nudge.directory(settings) / "owned"
