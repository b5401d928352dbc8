# SPDX-License-Identifier: Apache-2.0
"""What all Describe calls share: ids asked for, Filters with wildcards, pages by key.

A filter's name leads to a path into the described item ("State.Name"), lists are searched through.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from nova_appliance.ec2 import globs, names
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.globs import Glob
from nova_appliance.ec2.parameters import shown

MOST_VALUES = 200
LEAST_PAGE, MOST_PAGE = 5, 1000
LONGEST_TOKEN = 512
Item = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Listing:
    """One noun of Describe calls: names of the answer, of ids and filters."""

    answer: str
    """Name of the list in the answer: Vpcs."""
    key: str
    """Name of the field that sorts and pages: VpcId."""
    kind: str = ""
    """Prefix of the ids, for their errors."""
    ids: str = ""
    """Name of the parameter with ids: VpcIds."""
    filters: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Filter > path into the item; tag:KEY and tag-key need none."""
    least_page: int = LEAST_PAGE


def show(listing: Listing, params: Mapping[str, Any], items: Iterable[Item]) -> dict[str, Any]:
    """The answer of a Describe call out of all items of the caller. Raises Fault."""
    found = pick(listing, params, list(items))
    found = keep(listing, params.get("Filters") or (), found)
    part, token = page(listing, params, found)
    return {listing.answer: part} | ({"NextToken": token} if token else {})


def pick(listing: Listing, params: Mapping[str, Any], items: list[Item]) -> list[Item]:
    """Those whose ids are asked for, or all. Raises Fault for one that is not there."""
    asked = params.get(listing.ids) or ()
    if not asked:
        return items
    if listing.kind:
        for one in asked:
            names.check(listing.kind, one)
    by_key = {item[listing.key]: item for item in items}
    missing = [one for one in asked if one not in by_key]
    if missing:
        raise names.missing(listing.kind, missing)
    return [by_key[one] for one in dict.fromkeys(asked)]


def keep(listing: Listing, filters: Sequence[Item], items: Iterable[Item]) -> list[Item]:
    """The items that every filter lets pass. Raises Fault for an unknown or endless filter."""
    tests = compile_filters(listing.filters, filters)
    return [item for item in items if all(passes(item, *test) for test in tests)]


Test = tuple[str, tuple[Glob, ...]]


def compile_filters(known: Mapping[str, str], filters: Sequence[Item]) -> list[Test]:
    """Filters as (path, globs); the path of tag:KEY is itself."""
    if sum(len(one.get("Values") or ()) for one in filters) > MOST_VALUES:
        raise Fault(
            "FilterLimitExceeded",
            f"The maximum number of filter values of a single call is {MOST_VALUES}",
        )
    tests = []
    for one in filters:
        name, values = one.get("Name"), one.get("Values")
        if not name or not values:
            raise Fault("InvalidParameterValue", "A filter needs a Name and at least one Value.")
        path = name if name.startswith("tag:") or name == "tag-key" else known.get(name)
        if path is None:
            raise Fault("InvalidParameterValue", f"The filter '{shown(name)}' is invalid")
        tests.append((path, tuple(globs.read(value) for value in values)))
    return tests


def passes(item: Item, path: str, wanted: Collection[Glob]) -> bool:
    """Whether one of the values at `path` is one of those wanted."""
    return any(globs.matches(one, text) for text in values_at(item, path) for one in wanted)


def values_at(item: Item, path: str) -> Iterator[str]:
    """The texts at a path; `|` stands between paths of which any counts."""
    if path.startswith("tag:"):
        yield from (tag["Value"] for tag in _tags(item) if tag["Key"] == path[4:])
        return
    if path == "tag-key":
        yield from (tag["Key"] for tag in _tags(item))
        return
    for one in path.split("|"):
        yield from _walk(item, one.split("."))


def _tags(item: Item) -> Sequence[Item]:
    return item.get("Tags") or item.get("TagSet") or ()


def _walk(value: Any, parts: Sequence[str]) -> Iterator[str]:
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _walk(one, parts)
    elif value is None:
        return
    elif parts:
        yield from _walk(value.get(parts[0]), parts[1:])
    else:
        yield _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    return str(value)


def page(
    listing: Listing, params: Mapping[str, Any], items: list[Item]
) -> tuple[list[Item], str | None]:
    """One page, sorted by key, and the token of the next."""
    most = size(params, listing.least_page, given=bool(params.get(listing.ids)))
    token = params.get("NextToken")
    if most is None and not token:
        return items, None
    ordered = sorted(items, key=lambda item: str(item[listing.key]))
    if token:
        after = open_token(token)
        ordered = [item for item in ordered if str(item[listing.key]) > after]
    part = ordered[:most]
    more = len(ordered) > len(part)
    return part, seal_token(str(part[-1][listing.key])) if more else None


def size(params: Mapping[str, Any], least: int, *, given: bool) -> int | None:
    """MaxResults, checked; None is no limit. `given`: whether ids are asked for."""
    most = params.get("MaxResults")
    if most is None:
        return None
    if given:
        raise Fault("InvalidParameterCombination", "MaxResults cannot be given together with ids.")
    if not least <= most <= MOST_PAGE:
        raise Fault(
            "InvalidParameterValue",
            f"Value ( {most} ) for parameter maxResults is invalid. Expecting a value from "
            f"{least} to {MOST_PAGE}.",
        )
    return int(most)


def seal_token(key: str) -> str:
    """The token that goes on behind this key."""
    return base64.urlsafe_b64encode(msgspec.json.encode({"after": key})).decode()


def open_token(token: str) -> str:
    """The key in a token. Raises Fault for one that is not ours."""
    try:
        text = base64.b64decode(
            token[:LONGEST_TOKEN].encode("ascii"), altchars=b"-_", validate=True
        )
        return str(msgspec.json.decode(text, type=dict[str, str])["after"])
    except (ValueError, KeyError, binascii.Error, msgspec.MsgspecError) as error:
        raise Fault("InvalidNextToken", "The NextToken is not one of ours.") from error
