# SPDX-License-Identifier: Apache-2.0
"""Dotted parameters of a request > a dictionary, typed by the operation's input shape.

`Filter.1.Value.2=x` becomes {"Filters": [{"Values": [..., "x"]}]}; nothing is guessed from values.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.model import Member, Model, Operation, Shape

LONGEST_LIST = 1000
DEEPEST = 16
PROTOCOL = frozenset(
    ("Action", "Version", "AWSAccessKeyId", "Signature", "SignatureMethod", "SignatureVersion",
     "Timestamp", "Expires", "SecurityToken", "AUTHPARAMS")
)  # fmt: skip
"""Parameters of the protocol itself; those that begin with X-Amz- are too."""

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBER = re.compile(r"[+-]?\d{1,19}")
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}

Tree = dict[str, Any]
"""Part of a name > its value (text), or the parts below it; LEAF holds a value beside them."""
LEAF = ""


def parse(model: Model, operation: Operation, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The parameters of a call. Raises Fault: UnknownParameter, MissingParameter and their like."""
    given = [(name, value) for name, value in pairs if not _of_protocol(name)]
    shape = operation.input or Shape(type="structure")
    return _structure(model, shape, grow(given), "")


def grow(pairs: Sequence[tuple[str, str]]) -> Tree:
    """The tree of dotted names. Raises Fault for a name given twice, or deeper than any shape."""
    root: Tree = {}
    for name, value in pairs:
        if _UNPRINTABLE.search(value):
            raise Fault("InvalidCharacter", f"The value of {shown(name)} has an invalid character.")
        branch = root
        parts = name.split(".")
        if len(parts) > DEEPEST or LEAF in parts:
            raise unknown(name)
        for part in parts:
            branch = branch.setdefault(part, {})
        if LEAF in branch:
            raise Fault("InvalidParameterCombination", f"{shown(name)} is given more than once.")
        branch[LEAF] = value
    return root


def query_name(name: str, member: Member) -> str:
    """How a field is called in requests."""
    if member.query_name:
        return member.query_name
    wire = member.location_name or name
    return wire[0].upper() + wire[1:]


def shown(text: str) -> str:
    """A text of the request as an error may repeat it: short, and printable."""
    clean = _UNPRINTABLE.sub("?", text)
    return clean if len(clean) <= 100 else f"{clean[:97]}..."


def unknown(name: str) -> Fault:
    """The error for a parameter that the operation does not have."""
    return Fault("UnknownParameter", f"The parameter {shown(name)} is not recognized")


def _of_protocol(name: str) -> bool:
    return name in PROTOCOL or name.startswith("X-Amz-")


def _value(model: Model, member: Member, tree: Tree, name: str) -> Any:
    shape = model.shapes[member.shape]
    if shape.type == "structure":
        return _structure(model, shape, tree, name)
    if shape.type == "list":
        return _list(model, shape, tree, name)
    if tree.keys() == {"1"}:
        tree = tree["1"]  # boto 2 sends GetConsoleOutput an InstanceId.1
    for part in tree:
        if part != LEAF:
            raise unknown(f"{name}.{part}")
    return _SCALARS[shape.type](name, tree[LEAF])


def _structure(model: Model, shape: Shape, tree: Tree, name: str) -> dict[str, Any]:
    names = {query_name(field, member): field for field, member in shape.members.items()}
    found: dict[str, Any] = {}
    for part, branch in tree.items():
        whole = f"{name}.{part}" if name and part else name or part
        if part not in names:
            raise unknown(whole)
        field = names[part]
        found[field] = _value(model, shape.members[field], branch, whole)
    for field in shape.required:
        if field not in found:
            wanted = query_name(field, shape.members[field])
            raise missing(f"{name}.{wanted}" if name else wanted)
    return found


def missing(name: str) -> Fault:
    """The error for a parameter that must be there."""
    return Fault("MissingParameter", f"The request must contain the parameter {shown(name)}")


def _list(model: Model, shape: Shape, tree: Tree, name: str) -> list[Any]:
    if shape.member is None or tree == {LEAF: ""}:
        return []
    places = {part: _place(part) for part in tree}
    for part, place in places.items():
        if place is None:
            raise unknown(f"{name}.{part}" if part else name)
    if len(places) > LONGEST_LIST:
        code = "FilterLimitExceeded" if name.startswith("Filter") else "InvalidParameterValue"
        raise Fault(code, f"{shown(name)} may have at most {LONGEST_LIST} values.")
    ordered = sorted(tree, key=lambda part: places[part] or 0)
    return [_value(model, shape.member, tree[part], f"{name}.{part}") for part in ordered]


def _place(part: str) -> int | None:
    return int(part) if part.isascii() and part.isdigit() and len(part) < 10 else None


def _text(_name: str, value: str) -> str:
    return value


def _integer(name: str, value: str) -> int:
    if not _NUMBER.fullmatch(value) or not value.isascii():
        raise _wrong(name, value, "a whole number")
    return int(value)


def _decimal(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise _wrong(name, value, "a number") from error


def _boolean(name: str, value: str) -> bool:
    if value.lower() not in _BOOLEANS:
        raise _wrong(name, value, "true or false")
    return _BOOLEANS[value.lower()]


def _blob(name: str, value: str) -> bytes:
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _wrong(name, value, "base64") from error


def _moment(name: str, value: str) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(value)
    except ValueError as error:
        raise _wrong(name, value, "a time such as 2026-01-31T23:59:59Z") from error
    return found.astimezone(dt.UTC).replace(tzinfo=None) if found.tzinfo else found


def _wrong(name: str, value: str, wanted: str) -> Fault:
    return Fault(
        "InvalidParameterValue",
        f"Value ({shown(value)}) for parameter {shown(name)} is invalid: it must be {wanted}.",
    )


_SCALARS: Mapping[str, Callable[[str, str], Any]] = {
    "string": _text,
    "integer": _integer,
    "long": _integer,
    "float": _decimal,
    "double": _decimal,
    "boolean": _boolean,
    "blob": _blob,
    "timestamp": _moment,
}
