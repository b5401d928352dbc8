# SPDX-License-Identifier: Apache-2.0
"""Devices of hosts that guests may have for themselves: PCI devices, and slices of GPUs. Pure.

Words of flavors (`pci_passthrough:alias`, `resources:VGPU`) are Nova's, as are kinds and policies.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import msgspec

PCI, PF, VF, VGPU = "type-PCI", "type-PF", "type-VF", "VGPU"
KINDS = (PCI, PF, VF)
"""Kinds that an alias may name."""
LEGACY, PREFERRED, REQUIRED = "legacy", "preferred", "required"
POLICIES = (LEGACY, PREFERRED, REQUIRED)
ALIAS_WORD, VGPU_WORD = "pci_passthrough:alias", "resources:VGPU"
POLICY_WORDS = ("hw:pci_numa_affinity_policy", "hw_pci_numa_affinity_policy")
"""The flavor's word and the image's: they go before the alias's own policy."""
MOST = 64
"""Devices of one request."""


class PciDevice(msgspec.Struct, frozen=True, kw_only=True):
    """One device. A slice of a GPU has its parent's address, # and a number."""

    address: str
    """Such as 0000:06:00.0."""
    vendor_id: str = ""
    product_id: str = ""
    """Four hexadecimal digits each."""
    kind: str = PCI
    numa_node: int | None = None
    """Of the host; None when it does not say."""
    parent: str | None = None
    """Address of the physical function, or of the GPU."""
    mdev_type: str = ""
    """Of a slice: what it looks like to its guest."""


class Alias(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [pci]alias: what a name stands for. Several of one name are alternatives."""

    name: str
    vendor_id: str | None = None
    product_id: str | None = None
    device_type: str = PCI
    numa_policy: str = LEGACY

    def suits(self, device: PciDevice) -> bool:
        """Whether the device is what the name stands for."""
        asked = ((self.vendor_id, device.vendor_id), (self.product_id, device.product_id))
        return device.kind == self.device_type and all(w in (None, has) for w, has in asked)


class DeviceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """So many devices, each as one of these aliases says."""

    name: str
    count: int
    aliases: tuple[Alias, ...]
    policy: str = LEGACY

    def suits(self, device: PciDevice) -> bool:
        """Whether the device would do."""
        return any(alias.suits(device) for alias in self.aliases)


class BadRequest(ValueError):
    """A flavor or an option says what cannot be; the message says which word."""


def aliases_of(texts: Sequence[str]) -> dict[str, tuple[Alias, ...]]:
    """Name > what it stands for, from [pci]alias. Raises BadRequest."""
    found: dict[str, tuple[Alias, ...]] = {}
    for text in texts:
        try:
            alias = msgspec.json.decode(text, type=Alias)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise BadRequest(f"[pci]alias {text!r} is no alias: {error}") from error
        if alias.device_type not in KINDS:
            raise BadRequest(f"[pci]alias {alias.name}: device_type is one of {', '.join(KINDS)}.")
        if alias.numa_policy not in POLICIES:
            words = ", ".join(POLICIES)
            raise BadRequest(f"[pci]alias {alias.name}: numa_policy is one of {words}.")
        found[alias.name] = (*found.get(alias.name, ()), alias)
    return found


def requests(
    specs: Mapping[str, str],
    properties: Mapping[str, str],
    known: Mapping[str, tuple[Alias, ...]],
) -> tuple[DeviceRequest, ...]:
    """What flavor and image ask for. Raises BadRequest."""
    policy = _policy(specs, properties)
    found = [_by_alias(part, known, policy) for part in _parts(specs.get(ALIAS_WORD, ""))]
    slices = specs.get(VGPU_WORD, "0")
    if not slices.isdigit() or int(slices) > MOST:
        raise BadRequest(f"{VGPU_WORD} is a number from 0 to {MOST}, not {slices!r}.")
    if int(slices):
        any_slice = Alias(name="VGPU", device_type=VGPU)
        found.append(DeviceRequest(name="VGPU", count=int(slices), aliases=(any_slice,)))
    if sum(one.count for one in found) > MOST:
        raise BadRequest(f"{ALIAS_WORD} asks for more than {MOST} devices.")
    return tuple(found)


def _parts(text: str) -> Iterator[str]:
    yield from (part.strip() for part in text.split(",") if part.strip())


def _by_alias(
    part: str, known: Mapping[str, tuple[Alias, ...]], policy: str | None
) -> DeviceRequest:
    name, colon, count = part.rpartition(":")
    if not colon or not name or not count.isdigit() or not int(count):
        raise BadRequest(f"{ALIAS_WORD} is NAME:COUNT, several parted by commas, not {part!r}.")
    if name not in known:
        raise BadRequest(f"PCI alias {name} is not defined")
    mine = known[name]
    return DeviceRequest(
        name=name, count=int(count), aliases=mine, policy=policy or mine[0].numa_policy
    )


def _policy(specs: Mapping[str, str], properties: Mapping[str, str]) -> str | None:
    word, other = POLICY_WORDS
    said, told = specs.get(word), properties.get(other)
    if said and told and said != told:
        raise BadRequest(f"{word} of the flavor is {said}, {other} of the image is {told}.")
    policy = said or told
    if policy and policy not in POLICIES:
        raise BadRequest(f"{word if said else other} is one of {', '.join(POLICIES)}.")
    return policy


def cells_of(specs: Mapping[str, str], properties: Mapping[str, str]) -> int:
    """How many NUMA cells the guest has; 0 when its processors are all alike."""
    text = specs.get("hw:numa_nodes", properties.get("hw_numa_nodes", "0"))
    return int(text) if text.isdigit() else 0


def pick(
    free: Sequence[PciDevice], wanted: Sequence[DeviceRequest], cells: int = 0
) -> tuple[PciDevice, ...] | None:
    """Devices for all requests; None when there are not enough.

    A guest with NUMA cells gets devices of as many nodes of the host at most: `required` takes
    nothing else, `legacy` also what has no node, `preferred` anything when it must.
    """
    nodes = sorted({one.numa_node for one in free if one.numa_node is not None})
    if not cells or not nodes:
        return _from_nodes(free, wanted, None if not cells else frozenset())
    most = min(cells, len(nodes))
    for near in itertools.combinations(nodes, most):
        found = _from_nodes(free, wanted, frozenset(near), is_strict=True)
        if found is not None:
            return found
    tries = (_from_nodes(free, wanted, frozenset(n)) for n in itertools.combinations(nodes, most))
    return next((found for found in tries if found is not None), None)


def _from_nodes(
    free: Sequence[PciDevice],
    wanted: Sequence[DeviceRequest],
    near: frozenset[int] | None,
    *,
    is_strict: bool = False,
) -> tuple[PciDevice, ...] | None:
    """`near` None: wherever they are; strict: preferences are kept too."""
    left = list(free)
    taken: list[PciDevice] = []
    for one in wanted:
        fitting = [device for device in left if one.suits(device)]
        if near is not None:
            fitting = [d for d in fitting if _is_near(d, one.policy, near, is_strict=is_strict)]
            fitting.sort(key=lambda device: device.numa_node not in near)
        if len(fitting) < one.count:
            return None
        mine = fitting[: one.count]
        taken += mine
        left = [device for device in left if device not in mine]
    return tuple(taken)


def _is_near(device: PciDevice, policy: str, near: frozenset[int], *, is_strict: bool) -> bool:
    if device.numa_node in near:
        return True
    if policy == REQUIRED:
        return False
    if policy == LEGACY:
        return device.numa_node is None
    return not is_strict
