# SPDX-License-Identifier: Apache-2.0
"""The five verbs over any noun of nouns.py, and the routes they make."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

from nova_appliance.common.errors import Conflict, Forbidden, Invalid
from nova_appliance.embedded import web
from nova_appliance.embedded.identity.nouns import EXTRA_LIMIT, Noun
from nova_appliance.embedded.identity.service import (
    find,
    link,
    listing,
    refused,
    require_admin,
)
from nova_appliance.embedded.store import Row

# Attributes a client may send along though the service decides them itself.
READ_ONLY = frozenset({"id", "links", "parent_id", "is_domain", "password_expires_at", "region"})
FALSE_WORDS = ("false", "0", "no", "off", "f", "n")


def routes(noun: Noun) -> dict[str, dict[str, Any]]:
    """The rows of the route table for a noun."""
    verbs = (index, create, show, update, delete)
    bound = {verb.__name__: partial(verb, noun) for verb in verbs}
    one = {"GET": bound["show"], "PATCH": bound["update"], "DELETE": bound["delete"]}
    return {
        f"v3/{noun.table}": {"GET": bound["index"], "POST": bound["create"]},
        f"v3/{noun.table}/{{id}}": one,
    }


def index(noun: Noun, req: Any) -> dict[str, Any]:
    """GET /v3/<nouns>, filtered by the columns that the noun allows."""
    if not noun.may_list(req.caller):
        raise refused(f"identity:list_{noun.table}")
    tests, values = [], []
    for column in noun.filters:
        if column in req.GET:
            tests.append(f"{column} = ?")
            values.append(_filter_value(column, req.GET[column]))
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    order = "name" if "name" in noun.shown else "id"
    rows = req.service.store.all(f"SELECT * FROM {noun.table}{where} ORDER BY {order}", *values)  # noqa: S608 - names are ours
    return listing(req, noun.table, [view(noun, req, row) for row in rows])


def show(noun: Noun, req: Any, row_id: str) -> dict[str, Any]:
    """GET /v3/<nouns>/{id}; who may not look is told so whether or not it exists."""
    if not noun.may_show(req.caller, {"id": row_id}):
        raise refused(f"identity:get_{noun.name}")
    return {noun.name: view(noun, req, find(req.service, noun.table, row_id))}


def create(noun: Noun, req: Any) -> tuple[int, dict[str, Any]]:
    """POST /v3/<nouns>."""
    require_admin(req, f"identity:create_{noun.name}")
    body = _aliased(web.read_object(req, noun.name))
    for field in noun.required:
        if field not in body:
            raise Invalid(f"'{field}' is required to create a {noun.name}.")
    if body.get("is_domain") or body.get("parent_id") not in {
        None,
        body.get("domain_id", "default"),
    }:
        raise Invalid("Projects within projects are not kept here: leave 'parent_id' out.")
    row = {"id": uuid.uuid4().hex} | dict(noun.defaults) | _checked(noun, body)
    if noun.extra is not None:
        row["extra"] = _extra(noun, body, dict(noun.extra))
    row = noun.prepare(req.service, row)
    with _conflicts(noun), req.service.store.write() as tx:
        tx.insert(noun.table, row)
    return 201, {noun.name: view(noun, req, find(req.service, noun.table, row["id"]))}


def update(noun: Noun, req: Any, row_id: str) -> dict[str, Any]:
    """PATCH /v3/<nouns>/{id}."""
    require_admin(req, f"identity:update_{noun.name}")
    row = find(req.service, noun.table, row_id)
    body = _aliased(web.read_object(req, noun.name))
    for field in noun.fixed:
        if field in body and body[field] != row[field]:
            raise Invalid(f"'{field}' of a {noun.name} cannot be changed.")
    changes = _checked(noun, body)
    if noun.extra is not None:
        changes["extra"] = _extra(noun, body, json.loads(row["extra"]))
    changes = noun.prepare(req.service, changes)
    if changes:
        with _conflicts(noun), req.service.store.write() as tx:
            tx.update(noun.table, row_id, changes)
    return {noun.name: view(noun, req, find(req.service, noun.table, row_id))}


def delete(noun: Noun, req: Any, row_id: str) -> None:
    """DELETE /v3/<nouns>/{id}; a domain must be disabled first, as in Keystone."""
    require_admin(req, f"identity:delete_{noun.name}")
    row = find(req.service, noun.table, row_id)
    if noun.table == "domains" and row["enabled"]:
        raise Forbidden("Cannot delete a domain that is enabled, please disable it first.")
    with _conflicts(noun), req.service.store.write() as tx:
        noun.before_delete(tx, row)
        tx.run(f"DELETE FROM {noun.table} WHERE id = ?", row_id)  # noqa: S608 - names are ours


def view(noun: Noun, req: Any, row: Row) -> dict[str, Any]:
    """A row as clients see it."""
    extra = json.loads(row["extra"]) if noun.extra is not None else {}
    seen = extra | {column: row[column] for column in noun.shown} | noun.constant(row)
    if "enabled" in seen:
        seen["enabled"] = bool(seen["enabled"])
    return seen | {"links": {"self": link(req, f"{noun.table}/{row['id']}")}}


def _checked(noun: Noun, body: dict[str, Any]) -> dict[str, Any]:
    return {name: check(name, body[name]) for name, check in noun.fields.items() if name in body}


def _extra(noun: Noun, body: dict[str, Any], kept: dict[str, Any]) -> str:
    known = READ_ONLY | noun.fields.keys()
    text = json.dumps(kept | {name: body[name] for name in body if name not in known})
    if len(text) > EXTRA_LIMIT:
        raise Invalid(f"The attributes of a {noun.name} may take {EXTRA_LIMIT} characters in all.")
    return text


def _aliased(body: dict[str, Any]) -> dict[str, Any]:
    """`region` is the old name of an endpoint's `region_id`."""
    if "region" in body and "region_id" not in body:
        body["region_id"] = body["region"]
    return body


def _filter_value(column: str, text: str) -> object:
    return text.lower() not in FALSE_WORDS if column == "enabled" else text


@contextlib.contextmanager
def _conflicts(noun: Noun) -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        if "FOREIGN KEY" not in str(error):
            raise Conflict(f"A {noun.name} of this name or id is there already.") from error
        raise Conflict(
            f"This {noun.name} names something that does not exist, or is still in use."
        ) from error
