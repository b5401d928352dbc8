# SPDX-License-Identifier: Apache-2.0
"""How a guest's processors are grouped in sockets, cores and threads, by flavor and image."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

PARTS = ("sockets", "cores", "threads")


class Topology(msgspec.Struct, frozen=True, kw_only=True):
    """Their product is the number of virtual processors."""

    sockets: int = 1
    cores: int = 1
    threads: int = 1


def topology(
    specs: Mapping[str, str], properties: Mapping[str, str], vcpus: int
) -> Topology | None:
    """The topology; None when nobody asks for one. Raises ValueError with a sentence."""
    wanted = {part: _wanted(specs, properties, part) for part in PARTS}
    most = {part: _most(specs, properties, part) for part in PARTS}
    if not any(wanted.values()) and not any(most.values()):
        return None
    fixed = {part: number for part, number in wanted.items() if number}
    for part, number in fixed.items():
        if most[part] and number > most[part]:
            raise ValueError(f"hw:cpu_{part} is {number}, more than the {most[part]} allowed.")
    return _fill(fixed, most, vcpus)


def _fill(fixed: dict[str, int], most: dict[str, int], vcpus: int) -> Topology:
    """What is not fixed: as many sockets as may be, then cores, then threads."""
    left, found = vcpus, dict(fixed)
    for number in fixed.values():
        if left % number:
            raise ValueError(_no_topology(fixed, vcpus))
        left //= number
    for part in PARTS:
        if part not in found:
            limit = most[part] or left
            found[part] = max(n for n in range(1, min(limit, left) + 1) if left % n == 0)
            left //= found[part]
    if left != 1:
        raise ValueError(_no_topology(fixed, vcpus))
    return Topology(**found)


def _no_topology(fixed: Mapping[str, int], vcpus: int) -> str:
    told = ", ".join(f"hw:cpu_{part}={number}" for part, number in fixed.items())
    return f"{vcpus} processors cannot be grouped as {told or 'the limits of hw:cpu_max_*'} say."


def _wanted(specs: Mapping[str, str], properties: Mapping[str, str], part: str) -> int:
    """The image's word goes before the flavor's."""
    name = f"hw:cpu_{part}"
    return _count(f"hw_cpu_{part}", properties.get(f"hw_cpu_{part}")) or _count(
        name, specs.get(name)
    )


def _most(specs: Mapping[str, str], properties: Mapping[str, str], part: str) -> int:
    """The image may only lower the flavor's limit."""
    flavors = _count(f"hw:cpu_max_{part}", specs.get(f"hw:cpu_max_{part}"))
    images = _count(f"hw_cpu_max_{part}", properties.get(f"hw_cpu_max_{part}"))
    if flavors and images > flavors:
        raise ValueError(f"hw_cpu_max_{part} is {images}; the flavor allows {flavors}.")
    return images or flavors


def _count(name: str, text: str | None) -> int:
    if text is None:
        return 0
    if not text.strip().isdigit() or int(text) < 1:
        raise ValueError(f"{name} is {text!r}; it must be a number of 1 or more.")
    return int(text)
