# SPDX-License-Identifier: Apache-2.0
"""The route table against compute-api.tsv: versions, statuses, errors, rules, and what is missing."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from compare import (
    BUILT,
    DEFAULTS,
    DOCUMENTS,
    NOVA,
    REFERENCE,
    SERVED_HERE,
    key_of,
    not_built,
    read_table,
    statuses,
)

from nova_appliance.api.operation import ByBodyKey
from nova_appliance.api.policies import base
from nova_appliance.api.routes import ROUTES
from nova_appliance.api.versioned import Versioned
from nova_appliance.api.versions import VERSIONS

ACCESS = {
    "anyone": base.ANYONE,
    "reader": base.READER,
    "member": base.MEMBER,
    "project manager": base.MANAGER,
    "admin": base.ADMIN,
    "service": base.SERVICE,
    "user (own keypairs) or admin": base.USER,
}
pairs = pytest.mark.parametrize(
    "key", [key for key in BUILT if key in REFERENCE], ids=lambda key: " ".join(key).strip()
)


def test_every_route_is_in_the_reference():
    assert set(BUILT) <= set(REFERENCE)


def test_the_list_of_rows_not_built_is_exact():
    listed = {key_of(row) for row in read_table("not_built.tsv", ".")}
    missing = {key_of(row) for row in not_built()}
    assert listed - missing == set(), "built by now: take these rows out of not_built.tsv"
    assert missing - listed == set(), "neither built nor listed"


@pytest.mark.parametrize("key", SERVED_HERE, ids=lambda key: " ".join(key).strip())
def test_what_is_served_here_is_gone_in_nova_and_can_be_gone_here(key):
    assert NOVA[key]["error_codes"] == "401,410"
    assert NOVA[key]["success_code"] == ""
    assert 410 in BUILT[key].errors
    assert SERVED_HERE[key]["notes"].startswith("[api] enable_")


def test_documents_are_in_the_reference():
    assert set(REFERENCE) >= DOCUMENTS


def test_versions():
    rows = read_table("microversions.tsv")
    assert tuple(row["version"] for row in rows) == VERSIONS


@pairs
def test_range_of_versions(key):
    row, operation = REFERENCE[key], BUILT[key]
    assert operation.since == (row["min_version"] or "2.1")
    assert operation.until == (row["max_version"] or None)


@pairs
def test_success_codes(key):
    row, operation = REFERENCE[key], BUILT[key]
    expected = statuses(row["success_code"])
    if isinstance(expected, dict):
        assert operation.status == expected
    elif expected:
        assert operation.status in expected


@pairs
def test_errors(key):
    row, operation = REFERENCE[key], BUILT[key]
    declared = {401, *operation.errors}
    if operation.policy and DEFAULTS[operation.policy] != base.ANYONE:
        declared.add(403)
    if operation.body is not None or operation.query is not None:
        declared.add(400)
    expected = {int(code) for code in row["error_codes"].split(",") if code}
    if operation.also and 403 in expected:
        declared.add(403)  # a secondary rule may refuse
    assert declared == expected


@pairs
def test_rules(key):
    row, operation = REFERENCE[key], BUILT[key]
    names = [name for name in row["policy_rule"].split(";") if name]
    assert operation.policy == (names[0] if names else None)
    assert set(names[1:]) <= set(operation.also)
    for name, access in zip(names, row["default_access"].split(";"), strict=bool(names)):
        assert DEFAULTS[name] == ACCESS[access]


@pairs
def test_schemas_change_only_where_the_notes_say(key):
    row, operation = REFERENCE[key], BUILT[key]
    notes = set(row["notes"].split(";")[0].split(",")) | {operation.since}
    notes |= {"2.11"} if row["path"].startswith("/os-services/") else set()  # one body for all
    for schema in (operation.body, operation.query):
        if isinstance(schema, Versioned):
            since = {f"{major}.{minor}" for major, minor in schema.since}
            assert since - {"2.1"} <= notes | {row["min_version"]}


def test_every_rule_is_used_and_every_used_rule_exists():
    used = set()
    for operation in BUILT.values():
        used |= {operation.policy, *operation.also} - {None}
    assert used <= set(DEFAULTS)


def test_literal_paths_do_not_hide_each_other():
    for path, methods in ROUTES.items():
        assert not path.startswith("/"), path
        assert all(isinstance(what, ByBodyKey) or what.handler for what in methods.values())
