# SPDX-License-Identifier: Apache-2.0
"""Wire shapes are pinned: a changed one needs a new service version."""

import hashlib
import json
import pathlib
import tomllib
import typing

import msgspec
import pytest

from nova_appliance.common import errors
from nova_appliance.domain.guest import Guest, Volume
from nova_appliance.rpc import orders, pins
from nova_appliance.rpc.calls.row import Call
from nova_appliance.rpc.calls.topics import TOPICS

PYPROJECT = pathlib.Path(__file__).parents[3] / "pyproject.toml"
FINGERPRINTS = {
    1: "e8287c8d12fd18fa",
    2: "771f558989302e67",
    3: "1e9973b0f040c2c5",
    4: "f77c5e05a73ec68c",
    5: "705c0724591dd10b",
    6: "ed4ef9319e37a635",
    7: "c344e26afd589613",
    8: "11afc3aa0bbde4f8",
    9: "ec046f4545930f89",
    10: "fccfa5e0aaeadd26",
    11: "613edb753387f0b2",
    12: "b012dc45bb568b83",
    13: "091ff0758acdd234",
    14: "18307e6c57888b33",
    15: "76ceedc36de68d73",
    16: "6ea9a02faba2e79b",
    17: "6383d9f3681c64c8",
    18: "37a066fd4bc2fb91",
    19: "41d53c52ce265aec",
    20: "bdee6d6ef5b86cd3",
    21: "eb88f851ccd820e6",
    22: "b1b991949f0ce54b",
    23: "2f2898b03989cfcf",
    24: "58f6345e49bbe7dd",
}
"""Service version > fingerprint of all rows. A new shape gets a new version here, in
rpc/pins.py VERSIONS, in pyproject.toml and, for a new field, in FIELDS_SINCE."""


def shape(kind, seen):
    """A type as plain data: names, types and whether there is a default."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind not in seen:
            seen[kind] = None
            hints = typing.get_type_hints(kind)
            seen[kind] = [
                (field.name, shape(hints[field.name], seen), field.required)
                for field in msgspec.structs.fields(kind)
            ]
        return kind.__name__
    arguments = [shape(argument, seen) for argument in typing.get_args(kind)]
    name = getattr(kind, "__name__", str(kind))
    return [name, *arguments] if arguments else name


def fingerprint():
    seen, rows = {}, {}
    for topic, calls in TOPICS.items():
        for name, row in calls.items():
            rows[f"{topic}.{name}"] = [
                row.since,
                shape(row.order, seen),
                shape(row.reply, seen),
                row.to_host,
            ]
    shapes = {kind.__name__: fields for kind, fields in seen.items()}
    text = json.dumps([rows, shapes], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_wire_shapes_are_those_of_their_version():
    assert FINGERPRINTS[pins.VERSION] == fingerprint()


def test_the_package_is_named_after_the_newest_version():
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    assert project["version"] == pins.VERSIONS[pins.VERSION]


def test_every_row_was_known_to_some_version():
    assert set(FINGERPRINTS) == set(pins.VERSIONS)
    for calls in TOPICS.values():
        for row in calls.values():
            assert row.since in pins.VERSIONS


def test_what_an_old_daemon_does_not_know_is_not_said(monkeypatch):
    order = orders.ConsoleOutput(server_id="a", max_bytes=3)
    new = Call(since=2, order=orders.ConsoleOutput)
    with pytest.raises(errors.Unavailable, match="upgraded"):
        pins.check("console_output", new, order, 1)
    pins.check("console_output", new, order, 2)
    monkeypatch.setitem(pins.FIELDS_SINCE, "Report.details", 2)
    row = TOPICS["conductor"]["report"]
    ticket = orders.Ticket(cell_id="c", saga_id="s", step="build", epoch=1)
    plain = orders.Report(ticket=ticket, host="h")
    pins.check("report", row, plain, 1)
    with pytest.raises(errors.Unavailable, match="details"):
        pins.check("report", row, msgspec.structs.replace(plain, details="x"), 1)


def test_pins_follow_the_lowest_living_version():
    known = pins.Pins(lambda: {"compute": 0})
    assert known.of("compute") == 0
    assert known.of("scheduler") == pins.VERSION
    known.learn({"scheduler": 0})
    assert known.of("scheduler") == 0
    assert known.of("compute") == pins.VERSION


def test_what_lies_deep_in_an_order_counts_too():
    """A volume in a guest in an order: an older compute would start the guest without it."""
    row = TOPICS["compute"]["build"]
    ticket = orders.Ticket(cell_id="c", saga_id="s", step="build", epoch=1)
    guest = Guest(
        server_id="a", name="n", display_name="n", project_id="p", user_id="u",
        flavor_name="f", vcpus=1, memory_mib=64,
    )  # fmt: skip
    plain = orders.ServerOrder(ticket=ticket, server_id="a", guest=guest)
    pins.check("build", row, plain, 8)
    rich = msgspec.structs.replace(guest, volumes=(Volume(volume_id="v", device="vdb"),))
    with pytest.raises(errors.Unavailable, match="volumes"):
        pins.check("build", row, msgspec.structs.replace(plain, guest=rich), 8)
    pins.check("build", row, msgspec.structs.replace(plain, guest=rich), 9)
