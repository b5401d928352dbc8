# SPDX-License-Identifier: Apache-2.0
"""Ansible module: what is wrong with an inventory, one sentence a problem, with file and line.

Called by the role preflight on the deployer before any host is touched. It only reads.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from ansible.module_utils.basic import AnsibleModule

GROUPS = (
    "controllers", "computes", "databases", "brokers", "caches", "identity", "images", "networks",
    "volumes", "loadbalancers",
)  # fmt: skip
NEEDED = ("controllers", "computes")
OWNERS = ("controllers", "computes")
"""Hosts are made known by these groups; the others name hosts of theirs."""
WEB = ("http", "https")
NEIGHBOURS = {
    # what appliance_neighbours may name > how its url begins
    "keystone": WEB,
    "glance": WEB,
    "neutron": WEB,
    "cinder": WEB,
    "mariadb": ("mysql",),
    "rabbitmq": ("rabbit",),
    "memcached": ("memcached",),
    "haproxy": WEB,
}
WORDS = {
    "mariadb": ("url", "ca_file"),
    "rabbitmq": ("url", "ca_file"),
    "haproxy": ("url", "ca_file"),
}
"""What may be said of a neighbour; of all others the url alone."""
PASSWORDS = {"mariadb": "those that end in _db", "rabbitmq": "rabbitmq"}
"""Which names of secrets.yml are the passwords there."""
URL = re.compile(r"(?P<scheme>[a-z+]+)://((?P<who>[^/]*)@)?(?P<places>[^/]*)(?P<path>/.*)?")
PLACE = re.compile(r"([A-Za-z0-9_.-]+|\[[0-9a-fA-F:]+\])(:(?P<port>[0-9]{1,5}))?")
SECTION = re.compile(r"\[(?P<group>[^]:]+)(:(?P<kind>children|vars))?\]")

Node = Any


class Group(NamedTuple):
    """A group of the inventory, where it begins, and whether it names hosts or groups."""

    name: str
    line: int
    is_filled: bool


class Host(NamedTuple):
    """A host where a group names it, with its ansible_host, if that is said there."""

    group: str
    name: str
    line: int
    address: str


def main() -> None:
    """Ansible's entry."""
    arguments = {
        "hosts_file": {"type": "path", "required": True},
        "vars_file": {"type": "path"},
        "vip": {"type": "str", "default": ""},
        "neighbours": {"type": "dict", "default": {}},
        "addresses": {"type": "dict", "default": {}},
    }
    module = AnsibleModule(arguments, supports_check_mode=True)
    hosts, settings, vip, neighbours, known = (module.params[name] for name in arguments)
    problems = [*of_hosts(Path(hosts), known), *of_vip(hosts, settings, vip, neighbours)]
    module.exit_json(changed=False, problems=[*problems, *of_neighbours(settings, neighbours)])


def of_hosts(path: Path, known: Mapping[str, str] = {}) -> Iterator[str]:
    """What is wrong with the groups and hosts of an inventory, in YAML or INI.

    `known` are addresses that are said elsewhere, as in host_vars.
    """
    groups, hosts = read(path)
    if not groups and not os.access(path, os.X_OK):
        yield f"{path.name}:1: the file holds no groups."
    if not groups:
        return
    lines = {group.name: group.line for group in reversed(groups)}
    for name, line in sorted(lines.items(), key=lambda pair: pair[1]):
        if name not in GROUPS:
            yield f"{path.name}:{line}: there is no group {name!r}{_meant(name, GROUPS)}."
    for name in NEEDED:
        if not any(group.name == name and group.is_filled for group in groups):
            yield f"{path.name}:{lines.get(name, 1)}: the group {name!r} is missing or has no host."
    for problem in (*_doubles(hosts), *_strangers(hosts), *_addresses(hosts, known)):
        yield f"{path.name}:{problem}"


def of_vip(
    hosts_file: str, settings_file: str | None, vip: str | None = "", elsewhere: Iterable[str] = ()
) -> Iterator[str]:
    """What is wrong with appliance_vip: where hosts share it, it must be an address, and of no host.

    `vip` is what it came to; the file tells the line, and the value where `vip` is empty.
    """
    said, where = _setting(settings_file, "appliance_vip")
    text = str(vip or said).strip()
    groups, hosts = read(Path(hosts_file))
    is_shared = any(g.name == "loadbalancers" and g.is_filled for g in groups)
    is_shared = is_shared and "haproxy" not in elsewhere
    if not text:
        if is_shared:
            yield (
                f"{where}: appliance_vip is empty, but the hosts of 'loadbalancers' share it: "
                "give it a free address of their network, or leave that group without hosts."
            )
        return
    yield from _vip(text, where, Path(hosts_file).name, hosts if is_shared else [])


def of_neighbours(settings_file: str | None, neighbours: dict[str, Any]) -> Iterator[str]:
    """What is wrong with appliance_neighbours. No sentence repeats a url: it might hold a password."""
    for name, facts in neighbours.items():
        _, where = _setting(settings_file, "appliance_neighbours", name)
        if name not in NEIGHBOURS:
            known = ", ".join(NEIGHBOURS)
            yield (
                f"{where}: appliance_neighbours names {name!r}, which is no neighbour"
                f"{_meant(name, NEIGHBOURS)}; there are {known}."
            )
        elif not isinstance(facts, dict) or not facts.get("url"):
            yield f"{where}: {name!r} of appliance_neighbours has no url."
        else:
            for problem in (*_words(name, facts), *_url(name, str(facts["url"]))):
                yield f"{where}: {problem}"


def read(path: Path) -> tuple[list[Group], list[Host]]:
    """Groups and hosts of a file, in its order; what a program would print is not known."""
    if os.access(path, os.X_OK):
        return [], []
    if path.suffix in (".yml", ".yaml"):
        return _read_yaml(yaml.compose(path.read_text(), Loader=yaml.SafeLoader))
    return _read_ini(path.read_text())


def _words(name: str, facts: dict[str, Any]) -> Iterator[str]:
    known = WORDS.get(name, ("url",))
    for word in facts:
        if word not in known:
            yield f"{name!r} of appliance_neighbours has no {word!r}{_meant(word, known)}."


def _url(name: str, url: str) -> Iterator[str]:
    found = URL.fullmatch(url)
    schemes = NEIGHBOURS[name]
    if found is None or found["scheme"] not in schemes:
        begins = " or ".join(f"{scheme}://" for scheme in schemes)
        yield f"the url of {name!r} in appliance_neighbours must begin with {begins}."
        return
    who = found["who"] or ""
    if ":" in who or (who and name != "rabbitmq"):
        which = f" ({PASSWORDS[name]})" if name in PASSWORDS else ""
        yield (
            f"the url of {name!r} in appliance_neighbours names a user or password: "
            f"passwords stand in secrets.yml{which}."
        )
    places = found["places"].split(",")
    if len(places) > 1 and name not in ("rabbitmq", "memcached"):
        yield f"the url of {name!r} in appliance_neighbours names more than one host."
    for place in places:
        told = PLACE.fullmatch(place)
        if told is None or not 0 < int(told["port"] or 1) < 65536:
            yield f"the url of {name!r} in appliance_neighbours has no good host and port."


def _vip(text: str, where: str, hosts_file: str, hosts: list[Host]) -> Iterator[str]:
    try:
        vip = ipaddress.ip_address(text)
    except ValueError:
        yield f"{where}: appliance_vip {text!r} is no address."
        return
    if vip.is_multicast or vip.is_unspecified or vip.is_loopback:
        yield f"{where}: appliance_vip {text} is an address that no host can have."
    for host in hosts:
        if host.address == text:
            yield (
                f"{where}: appliance_vip {text} is the address of {host.name} "
                f"({hosts_file}:{host.line}); it must be a free one."
            )


def _doubles(hosts: list[Host]) -> Iterator[str]:
    seen: dict[tuple[str, str], int] = {}
    for host in hosts:
        first = seen.setdefault((host.group, host.name), host.line)
        if first != host.line:
            yield f"{host.line}: {host.name} stands twice in {host.group!r}, first in line {first}."


def _strangers(hosts: list[Host]) -> Iterator[str]:
    known = {host.name for host in hosts if host.group in OWNERS or host.address}
    for host in hosts:
        if host.name not in known:
            yield (
                f"{host.line}: {host.group!r} names the unknown host {host.name!r}"
                f"{_meant(host.name, known)}; "
                "give it an ansible_host, or name a host of controllers or computes."
            )


def _addresses(hosts: list[Host], known: Mapping[str, str]) -> Iterator[str]:
    owner: dict[str, tuple[str, int]] = {}
    addressed = {host.name for host in hosts if host.address or known.get(host.name)}
    for host in hosts:
        line, name, address = host.line, host.name, host.address
        if not address:
            if host.group in OWNERS and name not in addressed:
                yield f"{line}: {name} has no ansible_host."
            continue
        try:
            ipaddress.ip_address(address)
        except ValueError:
            yield f"{line}: ansible_host {address!r} of {name} is no address."
        other = owner.setdefault(address, (name, line))
        if other[0] != name:
            yield f"{line}: {name} has the address {address} of {other[0]} (line {other[1]})."


def _read_yaml(root: Node) -> tuple[list[Group], list[Host]]:
    """Groups at the top, and those below `all: children:`."""
    groups: list[Group] = []
    hosts: list[Host] = []
    for key, body in _pairs(root):
        parts = {word.value: inner for word, inner in _pairs(body)}
        if key.value == "all":
            inner = _read_yaml(parts.get("children"))
            groups, hosts = groups + inner[0], hosts + inner[1]
            continue
        is_filled = any(list(_pairs(parts.get(word))) for word in ("hosts", "children"))
        groups.append(Group(key.value, _line(key), is_filled))
        for name, facts in _pairs(parts.get("hosts")):
            address = next((v.value for k, v in _pairs(facts) if k.value == "ansible_host"), "")
            hosts.append(Host(key.value, name.value, _line(name), str(address)))
    return groups, hosts


def _read_ini(text: str) -> tuple[list[Group], list[Host]]:
    """Hosts before the first section are in no group of ours: they only give addresses."""
    groups: dict[str, Group] = {}
    hosts: list[Host] = []
    group, kind = "ungrouped", None
    for line, words in enumerate((row.split("#")[0].split() for row in text.splitlines()), 1):
        if not words or words[0].startswith(";"):
            continue
        if section := SECTION.fullmatch(words[0]):
            group, kind = section["group"], section["kind"]
            if group != "all":
                groups.setdefault(group, Group(group, line, is_filled=False))
        elif kind != "vars":
            if group in groups:
                groups[group] = groups[group]._replace(is_filled=True)
            if kind is None and "[" not in words[0]:  # a range of names is Ansible's to read
                told = dict(word.split("=", 1) for word in words[1:] if "=" in word)
                hosts.append(Host(group, words[0], line, told.get("ansible_host", "")))
    return list(groups.values()), hosts


def _setting(file: str | None, name: str, inner: str = "") -> tuple[str, str]:
    """What the file of settings says of it, and where; without a line when it does not."""
    if not file or not Path(file).exists():
        return "", "group_vars"
    path = Path(file)
    for key, value in _pairs(yaml.compose(path.read_text(), Loader=yaml.SafeLoader)):
        if key.value != name:
            continue
        for word, _ in _pairs(value) if inner else ():
            if word.value == inner:
                return "", f"{path.name}:{_line(word)}"
        return str(value.value) if not inner else "", f"{path.name}:{_line(key)}"
    return "", path.name


def _pairs(node: Node) -> Iterator[tuple[Node, Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from node.value


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _meant(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return f" (is {close[0]!r} meant?)" if close else ""


if __name__ == "__main__":
    main()
