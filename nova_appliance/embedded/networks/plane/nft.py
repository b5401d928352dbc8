# SPDX-License-Identifier: Apache-2.0
"""nftables tables as data, the text that makes one, and the text that turns one into another.

Each text is given to one `nft -f`, which the kernel takes whole or not at all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from nova_appliance.common.run import ProgramFailed, run


@dataclasses.dataclass(frozen=True)
class Chain:
    """A chain; `head` is empty unless a hook calls it."""

    rules: tuple[str, ...]
    head: str = ""


@dataclasses.dataclass(frozen=True)
class Group:
    """A set or a map (`kind`), its type line and its elements."""

    kind: str
    head: str
    elements: frozenset[str]


@dataclasses.dataclass(frozen=True)
class Table:
    """A whole table."""

    family: str
    name: str
    groups: Mapping[str, Group]
    chains: Mapping[str, Chain]

    @property
    def path(self) -> str:
        """How nft names it."""
        return f"{self.family} {self.name}"


def whole(table: Table) -> str:
    """Text that puts this table in the place of whatever has its name."""
    empty = Table(table.family, table.name, {}, {})
    return f"table {table.path}\ndelete table {table.path}\ntable {table.path}\n" + change(
        empty, table
    )


def change(old: Table, new: Table) -> str:
    """Text that turns `old` into `new` in one transaction; empty when they are the same."""
    if any(_head(old, name) not in {None, _head(new, name)} for name in _names(new)):
        return whole(new)
    gone = [name for name in old.chains if name not in new.chains]
    changed = [name for name in new.chains if old.chains.get(name) != new.chains[name]]
    lines = [
        *_add_groups(old, new),
        *_add_chains(old, new),
        *(f"flush chain {new.path} {name}" for name in [*gone, *changed] if name in old.chains),
        *_elements("delete", new.path, old.groups, new.groups),
        *(
            f"add rule {new.path} {name} {rule}"
            for name in changed
            for rule in new.chains[name].rules
        ),
        *_elements("add", new.path, new.groups, old.groups),
        *(f"delete chain {new.path} {name}" for name in gone),
        *_delete_groups(old, new),
    ]
    return "".join(f"{line}\n" for line in lines)


def apply(text: str, namespace: str = "") -> None:
    """Hand a text to the kernel, here or in a namespace."""
    if text:
        inside = ["ip", "netns", "exec", namespace] if namespace else []
        run([*inside, "nft", "-f", "-"], given=text)


def tables() -> frozenset[str]:
    """The tables of this namespace, as `family name`."""
    return frozenset(
        line.removeprefix("table ").strip() for line in run(["nft", "list", "tables"]).splitlines()
    )


def delete(path: str) -> None:
    """Remove a table that may be gone already."""
    run(["nft", "-f", "-"], given=f"table {path}\ndelete table {path}\n")


def _names(table: Table) -> Iterable[str]:
    return [*table.chains, *table.groups]


def _head(table: Table, name: str) -> str | None:
    if name in table.chains:
        return table.chains[name].head
    return table.groups[name].head if name in table.groups else None


def _add_groups(old: Table, new: Table) -> list[str]:
    return [
        f"add {group.kind} {new.path} {name} {{ {group.head} }}"
        for name, group in new.groups.items()
        if name not in old.groups
    ]


def _delete_groups(old: Table, new: Table) -> list[str]:
    return [
        f"delete {group.kind} {new.path} {name}"
        for name, group in old.groups.items()
        if name not in new.groups
    ]


def _add_chains(old: Table, new: Table) -> list[str]:
    return [
        f"add chain {new.path} {name}" + (f" {{ {chain.head} }}" if chain.head else "")
        for name, chain in new.chains.items()
        if name not in old.chains
    ]


def _elements(
    verb: str, path: str, have: Mapping[str, Group], other: Mapping[str, Group]
) -> list[str]:
    """Elements that `have` holds and `other` does not."""
    lines = []
    for name, group in have.items():
        known = other[name].elements if name in other else frozenset()
        if extra := sorted(group.elements - known):
            lines.append(f"{verb} element {path} {name} {{ {', '.join(extra)} }}")
    return lines


__all__ = [
    "Chain",
    "Group",
    "ProgramFailed",
    "Table",
    "apply",
    "change",
    "delete",
    "tables",
    "whole",
]
