# SPDX-License-Identifier: Apache-2.0
"""Puts hosts in order: each weigher's number normalised to 0..1, multiplied, and summed.

Multipliers are options of [filter_scheduler], or metadata of the same name of an aggregate.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.scene import Scene
from nova_appliance.scheduler.weighers import measures

WEIGHERS: dict[str, tuple[str, Callable[[Scene, Candidate], float]]] = {
    "RAMWeigher": ("ram", measures.ram),
    "CPUWeigher": ("cpu", measures.cpu),
    "DiskWeigher": ("disk", measures.disk),
    "HypervisorVersionWeigher": ("hypervisor_version", measures.hypervisor_version),
    "NumInstancesWeigher": ("num_instances", measures.servers),
    "IoOpsWeigher": ("io_ops", measures.building),
    "PCIWeigher": ("pci", measures.pci),
    "BuildFailureWeigher": ("build_failure", measures.failed_builds),
    "ServerGroupSoftAffinityWeigher": ("soft_affinity", measures.soft_affinity),
    "ServerGroupSoftAntiAffinityWeigher": ("soft_anti_affinity", measures.soft_anti_affinity),
}
"""Name > option before `_weight_multiplier`, and what is measured."""


def best_first(scene: Scene, hosts: Sequence[Candidate]) -> list[Candidate]:
    """The hosts, heaviest first; the best [filter_scheduler]host_subset_size are shuffled.

    Hosts of the same weight stand in random order, so that schedulers do not run to the same one.
    """
    ordered = random.sample(hosts, len(hosts))
    weights = _weights(scene, ordered)
    by_weight = sorted(range(len(ordered)), key=weights.__getitem__, reverse=True)
    ranked = [ordered[at] for at in by_weight]
    size = scene.options.host_subset_size
    return random.sample(ranked[:size], len(ranked[:size])) + ranked[size:]


def _weights(scene: Scene, hosts: Sequence[Candidate]) -> list[float]:
    total = [0.0] * len(hosts)
    for option, measure in WEIGHERS.values():
        factors = _multipliers(scene, hosts, f"{option}_weight_multiplier")
        if any(factors):
            parts = normalised([measure(scene, host) for host in hosts])
            total = [t + f * p for t, f, p in zip(total, factors, parts, strict=True)]
    return total


def normalised(values: Sequence[float]) -> list[float]:
    """The values between 0 (the least) and 1 (the most); all 0 when they are equal."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    if high == low:
        return [0.0] * len(values)
    return [(value - low) / (high - low) for value in values]


def _multipliers(scene: Scene, hosts: Sequence[Candidate], name: str) -> list[float]:
    default = float(getattr(scene.options, name))
    if not any(name in metadata for metadata in scene.aggregates.values()):
        return [default] * len(hosts)
    return [_least(scene.metadata(host).get(name, frozenset()), default) for host in hosts]


def _least(texts: frozenset[str], default: float) -> float:
    numbers = []
    for text in texts:
        try:
            numbers.append(float(text))
        except ValueError:
            return default
    return min(numbers, default=default)
