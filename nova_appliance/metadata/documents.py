# SPDX-License-Identifier: Apache-2.0
"""What stands at a path: folders listed one name a line, files as they are. Pure."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from nova_appliance.domain import ec2_tree, openstack_tree
from nova_appliance.domain.guest_data import Facts

TEXT, JSON = "text/plain; charset=utf-8", "application/json"
OPENSTACK = "openstack"


@dataclasses.dataclass(frozen=True)
class Document:
    """A body and its media type."""

    body: bytes
    kind: str = TEXT


def find(facts: Facts, path: Sequence[str], today: dt.date) -> Document | None:
    """The file or folder; None when there is nothing."""
    if path[:1] == (OPENSTACK,):
        return _openstack(facts, tuple(path[1:]), today)
    return _ec2(facts, tuple(path))


def password_at(path: Sequence[str]) -> bool:
    """Whether the path is that of the password file."""
    if len(path) != 3 or path[0] != OPENSTACK or path[2] != openstack_tree.PASSWORD:
        return False
    return _has_password(path[1])


def _has_password(version: str) -> bool:
    known = version in openstack_tree.VERSIONS and version >= openstack_tree.PASSWORD_SINCE
    return known or version == openstack_tree.LATEST


def _openstack(facts: Facts, path: tuple[str, ...], today: dt.date) -> Document | None:
    if not path:
        return _listing((*openstack_tree.shown(today.isoformat()), openstack_tree.LATEST))
    version, *rest = path
    if version == openstack_tree.CONTENT and len(rest) == 1:
        content = openstack_tree.content(facts).get(rest[0])
        return Document(content) if content is not None else None
    if version not in (*openstack_tree.VERSIONS, openstack_tree.LATEST):
        return None
    files = openstack_tree.files(facts, version)
    if not rest:
        password = (openstack_tree.PASSWORD,) if _has_password(version) else ()
        return _listing(sorted((*files, *password)))
    if len(rest) != 1 or rest[0] not in files:
        return None
    kind = JSON if openstack_tree.FILES[rest[0]].is_json else TEXT
    return Document(files[rest[0]], kind)


def _ec2(facts: Facts, path: tuple[str, ...]) -> Document | None:
    versions = (*ec2_tree.VERSIONS, ec2_tree.LATEST)
    if not path:
        return _listing(versions)
    if path[0] not in versions:
        return None
    found: Any = ec2_tree.tree(facts, path[0])
    for part in path[1:]:
        if not isinstance(found, dict) or part == ec2_tree.NAME or part not in found:
            return None
        found = found[part]
    if isinstance(found, dict):
        return _listing(_names(found))
    return Document(found if isinstance(found, bytes) else found.encode())


def _names(folder: ec2_tree.Tree) -> list[str]:
    """Folders end in a slash, but for those that are listed under another name."""
    told = []
    for name, part in sorted(folder.items()):
        if name == ec2_tree.NAME:
            continue
        if not isinstance(part, dict):
            told.append(name)
        else:
            told.append(part.get(ec2_tree.NAME, f"{name}/"))
    return told


def _listing(names: Iterable[str]) -> Document:
    return Document("\n".join(names).encode())
