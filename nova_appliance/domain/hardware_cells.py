# SPDX-License-Identifier: Apache-2.0
"""How a guest's processors and memory are grouped in NUMA cells, by flavor or image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nova_appliance.domain.numa import NumaCell

Words = Mapping[str, str]


def cells(specs: Words, properties: Words, vcpus: int, memory_mib: int) -> tuple[NumaCell, ...]:
    """The cells; none when nobody asks for them. Raises ValueError with a sentence."""
    words, prefix = specs, "hw:numa_"
    if "hw:numa_nodes" not in specs:
        words, prefix = properties, "hw_numa_"
    elif any(key.startswith("hw_numa_") for key in properties):
        raise ValueError("hw_numa_* of the image is not for a flavor with hw:numa_nodes.")
    text = words.get(f"{prefix}nodes")
    if text is None:
        return ()
    if not text.strip().isdigit() or int(text) < 1:
        raise ValueError(f"{prefix}nodes is {text!r}; it must be a number of 1 or more.")
    count = int(text)
    asked = [f"{prefix}{kind}.{i}" in words for kind in ("cpus", "mem") for i in range(count)]
    if any(asked):
        return _as_asked(words, prefix, count, (vcpus, memory_mib))
    if vcpus % count or memory_mib % count:
        raise ValueError(
            f"{prefix}nodes is {count}: {vcpus} processors and {memory_mib} MiB do not divide so."
        )
    each, memory = vcpus // count, memory_mib // count
    return tuple(
        NumaCell(vcpus=tuple(range(i * each, (i + 1) * each)), memory_mib=memory)
        for i in range(count)
    )


def _as_asked(
    words: Words, prefix: str, count: int, whole: tuple[int, int]
) -> tuple[NumaCell, ...]:
    found = []
    for i in range(count):
        cpus, memory = words.get(f"{prefix}cpus.{i}"), words.get(f"{prefix}mem.{i}", "")
        if cpus is None or not memory.strip().isdigit():
            raise ValueError(f"{prefix}cpus.{i} and {prefix}mem.{i} must both be there.")
        vcpus = tuple(sorted(numbers(cpus)))
        found.append(NumaCell(vcpus=vcpus, memory_mib=int(memory)))
    every = sorted(cpu for cell in found for cpu in cell.vcpus)
    if every != list(range(whole[0])):
        raise ValueError(f"{prefix}cpus.* must name each of the {whole[0]} processors once.")
    if sum(cell.memory_mib for cell in found) != whole[1]:
        raise ValueError(f"{prefix}mem.* must add up to the flavor's {whole[1]} MiB.")
    return tuple(found)


def numbers(text: str) -> frozenset[int]:
    """`0-3,^2` as {0, 1, 3}. Raises ValueError."""
    chosen: set[int] = set()
    left_out: set[int] = set()
    for part in text.split(","):
        word = part.strip()
        target = left_out if word.startswith("^") else chosen
        target.update(_range(word.removeprefix("^"), text))
    return frozenset(chosen - left_out)


def _range(word: str, text: str) -> Iterator[int]:
    first, dash, last = word.partition("-")
    if not first.isdigit() or (dash and not last.isdigit()):
        raise ValueError(f"{text!r} is no list of processors.")
    yield from range(int(first), int(last if dash else first) + 1)
