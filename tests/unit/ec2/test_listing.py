# SPDX-License-Identifier: Apache-2.0
"""Filters, wildcards, pages, ids."""

import fnmatch
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nova_appliance.ec2 import globs, listing, names
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.listing import Listing

THINGS = Listing("Things", "Id", ids="Ids", filters={"color": "Color", "part": "Parts.Name|Other"})


def things(count=12):
    return [
        {"Id": f"t-{n:02}", "Color": "red" if n % 2 else "blue", "Parts": [{"Name": f"p{n}"}],
         "Tags": [{"Key": "n", "Value": str(n)}]}
        for n in range(count)
    ]  # fmt: skip


def ids(answer):
    return [thing["Id"] for thing in answer["Things"]]


def by(name, *values):
    return {"Filters": [{"Name": name, "Values": list(values)}]}


@pytest.mark.parametrize(
    ("params", "found"),
    [
        (by("color", "red"), 6),
        (by("color", "r?d", "black"), 6),
        (by("color", "*e*"), 12),
        (by("color", "RED"), 0),
        (by("part", "p1*"), 3),
        (by("tag:n", "3"), 1),
        (by("tag:none", "3"), 0),
        (by("tag-key", "n"), 12),
        ({"Filters": by("color", "red")["Filters"] + by("tag:n", "3", "4")["Filters"]}, 1),
    ],
)
def test_filters(params, found):
    assert len(listing.show(THINGS, params, things())["Things"]) == found


@pytest.mark.parametrize("params", [by("shape", "x"), by("color"), {"Filters": [{}]}])
def test_a_filter_that_is_none_is_refused(params):
    with pytest.raises(Fault) as caught:
        listing.show(THINGS, params, things())
    assert caught.value.code == "InvalidParameterValue"


def test_pages_are_by_key_so_nothing_is_shown_twice_or_missed():
    first = listing.show(THINGS, {"MaxResults": 5}, things())
    assert ids(first) == [f"t-{n:02}" for n in range(5)]
    gone = [thing for thing in things() if thing["Id"] not in ("t-01", "t-04", "t-05")]
    rest = listing.show(THINGS, {"MaxResults": 7, "NextToken": first["NextToken"]}, gone)
    assert ids(rest) == [f"t-{n:02}" for n in range(6, 12)]
    assert "NextToken" not in rest


@given(st.text("ab*?", max_size=12), st.text("ab*?", max_size=12))
def test_wildcards_mean_what_they_mean_in_file_names(pattern, text):
    assert globs.matches(globs.read(pattern), text) == fnmatch.fnmatchcase(text, pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [(r"\*", "*", True), (r"\*", "x", False), (r"a\?", "a?", True), (r"a\?", "ab", False),
     ("\\\\", "\\", True), ("a\\", "a\\", True), ("", "", True), ("", "a", False)],
)  # fmt: skip
def test_a_backslash_takes_a_wildcards_meaning_away(pattern, text, fits):
    assert globs.matches(globs.read(pattern), text) is fits


def test_a_hostile_wildcard_takes_no_time():
    began = time.thread_time()
    assert not globs.matches(globs.read("*a" * 1000 + "b"), "a" * 5000)
    assert time.thread_time() - began < 5


def code_of(call):
    try:
        call()
    except Fault as fault:
        return fault.code
    return ""


@settings(max_examples=300)
@given(st.text(max_size=40))
def test_any_token_is_ours_or_refused(token):
    assert code_of(lambda: listing.open_token(token)) in {"", "InvalidNextToken"}


@pytest.fixture
def given_names(ec2):
    return names.Names(ec2.api.cloud.cells.api)


def test_ids_have_17_digits_and_never_change(given_names, ec2):
    first = given_names.give("i", ["a", "b"])
    assert all(re.fullmatch(r"i-[0-9a-f]{17}", one) for one in first.values())
    again = names.Names(ec2.api.cloud.cells.api)
    assert again.give("i", ["b", "a"]) == first
    assert again.find_all("i", list(first.values())) == {v: k for k, v in first.items()}
    assert given_names.one("ami", "a") != first["a"].replace("i-", "ami-")


def test_many_ids_are_found_at_once(given_names):
    things_ = [f"t{n}" for n in range(1200)]
    made = given_names.give("sg", things_)
    assert len(set(made.values())) == 1200
    assert len(given_names.known("sg", list(made.values()))) == 1200


def test_an_id_of_one_kind_is_none_of_another(given_names):
    server = given_names.one("i", "x")
    with pytest.raises(Fault) as caught:
        given_names.find("ami", server)
    assert caught.value.code == "InvalidAMIID.Malformed"
