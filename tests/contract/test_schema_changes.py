# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of built operations against schema-changes.tsv, just below and at a version."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from compare import BUILT, read_table
from probes import RESPONSES, answer_paths

from nova_appliance.api.versioned import Versioned, parse

ROWS = read_table("schema-changes.tsv")


def rows(part):
    chosen = [
        row
        for row in ROWS
        if row["part"] == part and (row["method"], row["path"], row["action"]) in BUILT
    ]
    return pytest.mark.parametrize(
        "row", chosen, ids=lambda row: f"{row['method']} {row['path']} {row['from_version']}"
    )


def words(text):
    return [word.strip() for word in text.split(",") if word.strip()]


def schemas(row, name):
    """The schema just below the version and at it."""
    operation = BUILT[row["method"], row["path"], row["action"]]
    schema = getattr(operation, name)
    assert schema is not None
    versioned = schema if isinstance(schema, Versioned) else Versioned(schema)
    major, minor = parse(row["from_version"])
    return versioned.at((major, minor - 1)), versioned.at((major, minor)), operation


def has(schema, path):
    """Whether a body may have the field `a.b[].c`."""
    if not path:
        return True
    if any(has(choice, path) for choice in schema.get("oneOf", ())):
        return True
    name = path[0].removesuffix("[]")
    inner = schema.get("properties", {}).get(name)
    if inner is None:
        return False
    return any(has(part, path[1:]) for part in _items(inner, path[0]))


def _items(schema, name):
    if not name.endswith("[]"):
        return [schema]
    choices = [schema, *schema.get("oneOf", ())]
    return [choice["items"] for choice in choices if "items" in choice]


def check_fields(row, below, at, *, appears):
    for word in words(row["fields_added"]):
        path = word.split(".") if "." in word else [word]
        assert has(at, path), f"{word} is missing at {row['from_version']}"
        if appears:
            assert not has(below, path), f"{word} is there below {row['from_version']}"
    for word in words(row["fields_removed"]):
        path = word.split(".") if "." in word else [word]
        assert not has(at, path), f"{word} is still there at {row['from_version']}"
        assert not appears or has(below, path), f"{word} is not there below"


@rows("request body")
def test_bodies(row):
    below, at, operation = schemas(row, "body")
    check_fields(row, below, at, appears=operation.first < parse(row["from_version"]))
    for change in row["other_change"].split(";"):
        if change.strip().startswith("now required:"):
            path = change.split(":", 1)[1].strip().split(".")
            assert path[-1] in _parent(at, path).get("required", [])
            assert path[-1] not in _parent(below, path).get("required", [])


def _parent(schema, path):
    for name in path[:-1]:
        schema = schema["properties"][name]
    return schema


@rows("query")
def test_queries(row):
    below, at, operation = schemas(row, "query")
    appears = operation.first < parse(row["from_version"])
    for word in words(row["fields_added"]):
        assert word in at["properties"]
        assert not appears or word not in below["properties"]
    if "unknown query parameters rejected" in row["other_change"]:
        assert at["additionalProperties"] is False
        assert not appears or below["additionalProperties"] is True


@pytest.mark.parametrize(
    "row",
    [
        row
        for row in ROWS
        if row["part"] == "response" and (row["method"], row["path"], row["action"]) in RESPONSES
    ],
    ids=lambda row: f"{row['method']} {row['path']} {row['from_version']}",
)
def test_answers(row):
    answer = RESPONSES[row["method"], row["path"], row["action"]]
    major, minor = parse(row["from_version"])
    below, at = answer_paths(answer((major, minor - 1))), answer_paths(answer((major, minor)))
    for word in words(row["fields_added"]):
        if not word.endswith("security_groups"):
            assert word in at, f"{word} is missing at {row['from_version']}"
        assert word not in below, f"{word} is shown below {row['from_version']}"
    for word in words(row["fields_removed"]):
        assert word not in at, f"{word} is still shown at {row['from_version']}"
        assert word in below, f"{word} is not shown below {row['from_version']}"
