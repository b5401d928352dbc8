# SPDX-License-Identifier: Apache-2.0
"""Traits that flavor or image require of a host, or forbid: checked for every request."""

from __future__ import annotations

from collections.abc import Iterator

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.scene import Scene


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts that lack a required trait or have a forbidden one."""
    asked = scene.once(wanted)
    if not asked:
        return None
    has = scene.inventory(host).traits
    for trait, word in asked:
        if (trait in has) != (word == "required"):
            return f"trait {trait} is {word}"
    return None


def wanted(scene: Scene) -> tuple[tuple[str, str], ...]:
    """Traits of the request as `_wanted` finds them."""
    return tuple(_wanted(scene))


def _wanted(scene: Scene) -> Iterator[tuple[str, str]]:
    """Each trait and its word, required or forbidden; images cannot forbid."""
    for specs, known in (
        (scene.specs, ("required", "forbidden")),
        (scene.properties, ("required",)),
    ):
        for key, word in specs.items():
            if key.startswith("trait") and ":" in key and word in known:
                yield key.split(":", 1)[1], word
