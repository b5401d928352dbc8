# SPDX-License-Identifier: Apache-2.0
"""Ansible module: what is wrong with an inventory, one sentence a problem, with file and line.

Called by the role preflight on the deployer before any host is touched. It only reads.
"""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.basic import AnsibleModule

GROUPS = (
    "controllers", "computes", "databases", "brokers", "caches", "identity", "images", "networks",
    "volumes", "loadbalancers",
)  # fmt: skip
NEEDED = ("controllers", "computes")
OWNERS = ("controllers", "computes")
"""Hosts are made known by these groups; the others name hosts of theirs."""

Node = Any
Row = tuple[str, Node, str, int]
"""A host under a group: group, its settings, its name, its line."""


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        {"hosts_file": {"type": "path", "required": True}, "vars_file": {"type": "path"}},
        supports_check_mode=True,
    )
    hosts, settings = (module.params[name] for name in ("hosts_file", "vars_file"))
    module.exit_json(changed=False, problems=[*of_hosts(Path(hosts)), *of_vip(hosts, settings)])


def of_hosts(path: Path) -> Iterator[str]:
    """What is wrong with the groups and hosts of a YAML inventory."""
    root = _load(path)
    if root is None:
        yield f"{path.name}:1: the file holds no groups."
        return
    groups = dict(_groups(root))
    for name, (line, _) in groups.items():
        if name not in GROUPS:
            yield f"{path.name}:{line}: there is no group {name!r}{_meant(name, GROUPS)}."
    for name in NEEDED:
        if not list(_hosts(name, groups.get(name, (0, None))[1])):
            line = groups.get(name, (1, None))[0]
            yield f"{path.name}:{line}: the group {name!r} is missing or has no host."
    rows = [row for name, (_, body) in groups.items() for row in _hosts(name, body)]
    for problem in (*_doubles(rows), *_strangers(rows), *_addresses(rows)):
        yield f"{path.name}:{problem}"


def of_vip(hosts_file: str, settings_file: str | None) -> Iterator[str]:
    """What is wrong with appliance_vip: it must be an address, and one of no host."""
    if not settings_file or not Path(settings_file).exists():
        return
    path = Path(settings_file)
    for key, value in _pairs(_load(path)):
        if key.value == "appliance_vip" and value.value:
            yield from _vip(value.value, f"{path.name}:{value.start_mark.line + 1}", hosts_file)


def _vip(text: str, where: str, hosts_file: str) -> Iterator[str]:
    try:
        vip = ipaddress.ip_address(text)
    except ValueError:
        yield f"{where}: appliance_vip {text!r} is no address."
        return
    if vip.is_multicast or vip.is_unspecified or vip.is_loopback:
        yield f"{where}: appliance_vip {text} is an address that no host can have."
    groups = dict(_groups(_load(Path(hosts_file))))
    hosts = [row for name, (_, body) in groups.items() for row in _hosts(name, body)]
    balanced = list(_pairs(groups.get("loadbalancers", (0, None))[1]))
    for _, body, name, line in hosts:
        if balanced and _address(body) == text:
            yield (
                f"{where}: appliance_vip {text} is the address of {name} "
                f"({Path(hosts_file).name}:{line}); it must be a free one."
            )


def _doubles(rows: list[Row]) -> Iterator[str]:
    seen: dict[tuple[str, str], int] = {}
    for group, _, name, line in rows:
        if (group, name) in seen:
            yield f"{line}: {name} stands twice in {group!r}, first in line {seen[group, name]}."
        seen.setdefault((group, name), line)


def _strangers(rows: list[Row]) -> Iterator[str]:
    known = {name for group, _, name, _ in rows if group in OWNERS}
    for group, body, name, line in rows:
        if group not in OWNERS and name not in known and not _address(body):
            yield (
                f"{line}: {group!r} names the unknown host {name!r}{_meant(name, known)}; "
                "give it an ansible_host, or name a host of controllers or computes."
            )


def _addresses(rows: list[Row]) -> Iterator[str]:
    owner: dict[str, tuple[str, int]] = {}
    for group, body, name, line in rows:
        address = _address(body)
        if not address:
            if group in OWNERS:
                yield f"{line}: {name} has no ansible_host."
            continue
        try:
            ipaddress.ip_address(address)
        except ValueError:
            yield f"{line}: ansible_host {address!r} of {name} is no address."
        other = owner.setdefault(address, (name, line))
        if other[0] != name:
            yield f"{line}: {name} has the address {address} of {other[0]} (line {other[1]})."


def _load(path: Path) -> Node:
    return yaml.compose(path.read_text(), Loader=yaml.SafeLoader)


def _pairs(node: Node) -> Iterator[tuple[Node, Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from node.value


def _groups(root: Node) -> Iterator[tuple[str, tuple[int, Node]]]:
    """Groups at the top, and those below `all: children:`."""
    for key, body in _pairs(root):
        if key.value != "all":
            yield key.value, (key.start_mark.line + 1, body)
            continue
        for word, inner in _pairs(body):
            if word.value == "children":
                yield from _groups(inner)


def _hosts(group: str, body: Node) -> Iterator[Row]:
    for word, inner in _pairs(body):
        if word.value == "hosts":
            for key, settings in _pairs(inner):
                yield group, settings, key.value, key.start_mark.line + 1


def _address(body: Node) -> str:
    return next((str(v.value) for k, v in _pairs(body) if k.value == "ansible_host"), "")


def _meant(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return f" (is {close[0]!r} meant?)" if close else ""


if __name__ == "__main__":
    main()
