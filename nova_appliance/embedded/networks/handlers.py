# SPDX-License-Identifier: Apache-2.0
"""The six operations that every resource has, for any noun: index, show, create, change, remove, tags."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from nova_appliance.common import errors
from nova_appliance.embedded.checks import list_of, text
from nova_appliance.embedded.networks import faults, listing, news, nouns, quotas
from nova_appliance.embedded.networks.nouns import NEEDED, Attribute, Deed, Noun
from nova_appliance.embedded.store import Row
from nova_appliance.embedded.web import Handler, read_json

TAG_LIMIT = 50
_TAGS = list_of(text(60), TAG_LIMIT)

Merge = Callable[[Row, dict[str, Any]], dict[str, Any]]
"""A row and changes of some of its parts > changes of the row."""


def index(noun: Noun) -> Handler:
    """`GET /networks`: the list, filtered, sorted, in pages."""

    def handler(req: Any) -> dict[str, Any]:
        query = _query(req)
        condition, values = nouns.may_see(noun, req.caller)
        narrowed, more = listing.narrow(query, noun.columns)
        sql = f"SELECT * FROM {noun.table} WHERE {condition} AND {narrowed} ORDER BY rowid"  # noqa: S608
        rows = nouns.store_of(req).all(sql, *values, *more)
        views = _views(req, noun, rows)
        views = listing.sort(listing.choose(views, query, _known(noun, views)), query)
        part, links = listing.page(views, query, req.path_url)
        hidden = _hidden(noun, req.caller)
        answer: dict[str, Any] = {noun.many: [listing.only(v, query, hidden) for v in part]}
        return answer | ({f"{noun.many}_links": links} if links else {})

    return handler


def show(noun: Noun) -> Handler:
    """`GET /networks/{id}`."""

    def handler(req: Any, row_id: str) -> dict[str, Any]:
        row = nouns.find(nouns.store_of(req), noun, row_id, req.caller)
        return _one(req, noun, row)

    return handler


def create(noun: Noun) -> Handler:
    """`POST /networks`: one, or several in one transaction (`{"networks": [...]}`)."""

    def handler(req: Any) -> tuple[int, dict[str, Any]]:
        nouns.check_writer(req.caller, f"create_{noun.one}")
        data = read_json(req)
        bulk = isinstance(data, dict) and noun.many in data
        asked = [_parse_new(noun, body, req.caller) for body in _bodies(noun, data)]
        with nouns.store_of(req).write() as tx:
            deed = Deed(tx, req.caller, req.service.settings)
            made = [_add(deed, noun, values) for values in asked]
            seen = [news.look(tx, noun, row_id, req.caller) for row_id in made]
        rows = [nouns.find(nouns.store_of(req), noun, row_id, req.caller) for row_id in made]
        req.service.changed(made if noun.one == "port" else [])
        req.service.news.tell([told for sight in seen for told in news.events(noun, None, sight)])
        hidden = _hidden(noun, req.caller)
        shown = [listing.only(view, {}, hidden) for view in _views(req, noun, rows)]
        return 201, {noun.many: shown} if bulk else {noun.one: shown[0]}

    return handler


def change(noun: Noun, merged: Merge | None = None) -> Handler:
    """`PUT /networks/{id}`; `merged` makes the whole of what is told of a part."""

    def handler(req: Any, row_id: str) -> dict[str, Any]:
        nouns.check_writer(req.caller, f"update_{noun.one}")
        changes = _parse(noun, _body(noun, read_json(req)), req.caller, "PUT")
        with nouns.store_of(req).write() as tx:
            row = nouns.find_own(tx, noun, row_id, req.caller)
            changes = merged(row, changes) if merged else changes
            before = news.look(tx, noun, row_id, req.caller)
            with _unique(noun):
                noun.change(Deed(tx, req.caller, req.service.settings), row, changes)
            after = news.look(tx, noun, row_id, req.caller)
        req.service.changed([row_id] if noun.one == "port" else [])
        req.service.news.tell(news.events(noun, before, after))
        return _one(req, noun, nouns.find(nouns.store_of(req), noun, row_id, req.caller))

    return handler


def remove(noun: Noun) -> Handler:
    """`DELETE /networks/{id}`."""

    def handler(req: Any, row_id: str) -> None:
        nouns.check_writer(req.caller, f"delete_{noun.one}")
        with nouns.store_of(req).write() as tx:
            row = nouns.find_own(tx, noun, row_id, req.caller)
            before = news.look(tx, noun, row_id, req.caller)
            noun.remove(Deed(tx, req.caller, req.service.settings), row)
        req.service.changed([row_id] if noun.one == "port" else [])
        req.service.news.tell(news.removed(noun, before))

    return handler


def show_tags(noun: Noun) -> Handler:
    """`GET /networks/{id}/tags`."""
    return lambda req, row_id: {
        "tags": nouns.find(nouns.store_of(req), noun, row_id, req.caller)["tags"]
    }


def replace_tags(noun: Noun) -> Handler:
    """`PUT /networks/{id}/tags`."""

    def handler(req: Any, row_id: str) -> dict[str, Any]:
        data = read_json(req)
        tags = _valid("tags", _TAGS, data.get("tags") if isinstance(data, dict) else data)
        _keep_tags(req, noun, row_id, lambda _: tags)
        return {"tags": tags}

    return handler


def clear_tags(noun: Noun) -> Handler:
    """`DELETE /networks/{id}/tags`."""
    return lambda req, row_id: _keep_tags(req, noun, row_id, lambda _: [])


def show_tag(noun: Noun) -> Handler:
    """`GET /networks/{id}/tags/{tag}`: 204 when it is there."""

    def handler(req: Any, row_id: str, tag: str) -> None:
        row = nouns.find(nouns.store_of(req), noun, row_id, req.caller)
        if tag not in row["tags"]:
            raise faults.TagNotFound(f"Tag {tag} could not be found.")

    return handler


def add_tag(noun: Noun) -> Handler:
    """`PUT /networks/{id}/tags/{tag}`."""

    def handler(req: Any, row_id: str, tag: str) -> tuple[int, None]:
        _keep_tags(req, noun, row_id, lambda own: _valid("tags", _TAGS, list({*own, tag})))
        return 201, None

    return handler


def remove_tag(noun: Noun) -> Handler:
    """`DELETE /networks/{id}/tags/{tag}`."""

    def handler(req: Any, row_id: str, tag: str) -> None:
        show_tag(noun)(req, row_id, tag)
        _keep_tags(req, noun, row_id, lambda own: [other for other in own if other != tag])

    return handler


def _keep_tags(req: Any, noun: Noun, row_id: str, changed: Any) -> None:
    nouns.check_writer(req.caller, f"update_{noun.one}")
    with nouns.store_of(req).write() as tx:
        row = nouns.find_own(tx, noun, row_id, req.caller)
        deed = Deed(tx, req.caller, req.service.settings)
        nouns.touch(deed, noun, row_id, {"tags": sorted(changed(row["tags"]))})


def _add(deed: Deed, noun: Noun, values: dict[str, Any]) -> str:
    quotas.check(deed.tx, noun.one, values["project_id"])
    with _unique(noun):
        return noun.create(deed, values)


@contextlib.contextmanager
def _unique(noun: Noun) -> Iterator[None]:
    """Turns a broken constraint of the database that no noun explained into a conflict."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise errors.Conflict(
            f"{noun.title}: something like it exists already, or is still in use."
        ) from error


def _one(req: Any, noun: Noun, row: Row) -> dict[str, Any]:
    view = _views(req, noun, [row])[0]
    return {noun.one: listing.only(view, _query(req), _hidden(noun, req.caller))}


def _views(req: Any, noun: Noun, rows: list[Row]) -> list[dict[str, Any]]:
    decoded = [nouns.decode(row) if isinstance(row.get("tags"), str) else row for row in rows]
    return noun.views(nouns.store_of(req), decoded, req.service.settings)


def _known(noun: Noun, views: list[dict[str, Any]]) -> frozenset[str]:
    shown = views[0].keys() if views else ()
    fixed = ("id", "status", "tags", "created_at", "updated_at", "revision_number", "changed_since")
    return frozenset({*shown, *noun.attributes, *noun.columns, *fixed})


def _hidden(noun: Noun, caller: Any) -> frozenset[str]:
    return frozenset() if nouns.is_elevated(caller) else noun.hidden


def _query(req: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = req.GET.dict_of_lists()
    if "tenant_id" in found:
        found.setdefault("project_id", []).extend(found.pop("tenant_id"))
    return found


def _bodies(noun: Noun, data: Any) -> Iterator[dict[str, Any]]:
    several = data.get(noun.many) if isinstance(data, dict) else None
    if several is None:
        yield _body(noun, data)
        return
    if not isinstance(several, list) or not several:
        raise errors.Invalid("Resources required")
    for one in several:
        yield _body(noun, one if isinstance(one, dict) and noun.one in one else {noun.one: one})


def _body(noun: Noun, data: Any) -> dict[str, Any]:
    body = data.get(noun.one) if isinstance(data, dict) else None
    if not isinstance(body, dict):
        raise errors.Invalid(f"Unable to find '{noun.one}' in request body")
    return body


def _parse_new(noun: Noun, body: dict[str, Any], caller: Any) -> dict[str, Any]:
    values = _parse(noun, body, caller, "POST")
    for name, attribute in noun.attributes.items():
        if name not in values and attribute.post:
            if attribute.default is NEEDED:
                raise errors.Invalid(
                    f"Failed to parse request. Required attribute '{name}' not specified"
                )
            values[name] = attribute.default
    values["project_id"] = values.get("project_id") or caller.project_id
    if not values["project_id"]:
        raise errors.Invalid("Running without keystone AuthN requires that tenant_id is specified")
    if values["project_id"] != caller.project_id and not nouns.is_elevated(caller):
        raise errors.Invalid(
            "Specifying 'project_id' or 'tenant_id' other than the authenticated project in request "
            "requires admin privileges"
        )
    return values


def _parse(noun: Noun, body: dict[str, Any], caller: Any, method: str) -> dict[str, Any]:
    body = dict(body)
    if "tenant_id" in body:
        body.setdefault("project_id", body.pop("tenant_id"))
    if unknown := sorted(set(body) - set(noun.attributes)):
        raise errors.Invalid(f"Unrecognized attribute(s) '{', '.join(unknown)}'")
    values = {}
    for name, value in body.items():
        attribute = noun.attributes[name]
        if not (attribute.put if method == "PUT" else attribute.post):
            raise errors.Invalid(f"Attribute '{name}' not allowed in {method}")
        values[name] = _valid(name, attribute.check, value)
        if not _is_harmless(attribute, values[name], method) and not nouns.is_elevated(caller):
            rule = ("update_" if method == "PUT" else "create_") + noun.one
            raise faults.PolicyNotAuthorized(
                f"(rule:{rule} and rule:{rule}:{name}) is disallowed by policy"
            )
    return values


def _is_harmless(attribute: Attribute, value: Any, method: str) -> bool:
    """Whether anybody may say this: what is the default anyway may always be said."""
    return not attribute.admin or (method == "POST" and value == attribute.default)


def _valid(name: str, check: Any, value: Any) -> Any:
    try:
        return check(value)
    except errors.Invalid as error:
        raise errors.Invalid(f"Invalid input for {name}. Reason: {error.message}") from error
