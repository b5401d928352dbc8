# SPDX-License-Identifier: Apache-2.0
"""EC2's own description of its calls, as botocore ships it: which parameters, which answers.

Read once at start, and only what the actions in our table need; botocore itself is not imported.
"""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Iterable
from pathlib import Path

import msgspec

from nova_appliance.common import errors
from nova_appliance.ec2 import relics

NEWEST = "2016-11-15"
_FOLDER = f"data/ec2/{NEWEST}"


class Member(msgspec.Struct, frozen=True, rename="camel"):
    """A field of a structure, or what a list holds: its shape, and its names on the wire."""

    shape: str
    location_name: str | None = None
    query_name: str | None = None


class Shape(msgspec.Struct, frozen=True, rename="camel"):
    """A kind of value. `members` are a structure's fields, `member` is what a list holds."""

    type: str
    members: dict[str, Member] = {}
    member: Member | None = None
    required: tuple[str, ...] = ()
    min: float | None = None
    max: float | None = None


class _Ends(msgspec.Struct, frozen=True):
    input: Member | None = None
    output: Member | None = None


class _File(msgspec.Struct, frozen=True):
    operations: dict[str, _Ends]
    shapes: dict[str, Shape]


class Operation(msgspec.Struct, frozen=True):
    """One call: the shapes of its parameters and of its answer; None is nothing but success."""

    name: str
    input: Shape | None
    output: Shape | None


class Model(msgspec.Struct, frozen=True):
    """The operations that are built, the names of all others, and the shapes that are reached."""

    operations: dict[str, Operation]
    known: frozenset[str]
    shapes: dict[str, Shape]


def load(names: Iterable[str]) -> Model:
    """The part of the model that these operations use. Raises KeyError for one it does not have."""
    file = _with_relics(msgspec.json.decode(_read(), type=_File))
    wanted = {name: file.operations[name] for name in names}
    ends = [end for pair in wanted.values() for end in (pair.input, pair.output) if end]
    shapes = _reached(file.shapes, [end.shape for end in ends])
    operations = {
        name: Operation(name, _shape(shapes, ends.input), _shape(shapes, ends.output))
        for name, ends in wanted.items()
    }
    return Model(operations, frozenset(file.operations), shapes)


def _with_relics(file: _File) -> _File:
    more = msgspec.convert(relics.CALLS, type=_File)
    shapes = file.shapes | more.shapes
    for name, fields in relics.FIELDS.items():
        members = shapes[name].members | msgspec.convert(fields, type=dict[str, Member])
        shapes[name] = msgspec.structs.replace(shapes[name], members=members)
    return _File(file.operations | more.operations, shapes)


def _read() -> bytes:
    spec = importlib.util.find_spec("botocore")
    if spec is None or spec.origin is None:
        raise errors.Unavailable("botocore is not installed: the EC2 API needs its description.")
    plain = Path(spec.origin).parent / _FOLDER / "service-2.json"
    packed = plain.with_suffix(".json.gz")
    return gzip.decompress(packed.read_bytes()) if packed.exists() else plain.read_bytes()


def _reached(shapes: dict[str, Shape], begin: list[str]) -> dict[str, Shape]:
    found: dict[str, Shape] = {}
    ahead = list(begin)
    while ahead:
        name = ahead.pop()
        if name not in found:
            shape = found[name] = shapes[name]
            ahead += [member.shape for member in shape.members.values()]
            ahead += [shape.member.shape] if shape.member else []
    return found


def _shape(shapes: dict[str, Shape], end: Member | None) -> Shape | None:
    return shapes[end.shape] if end else None
