# SPDX-License-Identifier: Apache-2.0
"""One decorator with all facts of an API operation; it checks, then calls the handler.

Handlers are `f(req, *ids[, body])` and return data, None (no body) or an Answer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from nova_appliance.api import policy as rules
from nova_appliance.api.request import Answer, Request
from nova_appliance.api.validation import Checks, check_body, check_query
from nova_appliance.api.versioned import MAX, MIN, Schema, Version, Versioned, parse
from nova_appliance.common import errors

Handler = Callable[..., Any]
Load = Callable[[Request, str], Any]
Target = Callable[..., Mapping[str, Any]]
ANY_QUERY: Schema = {"type": "object", "properties": {}, "additionalProperties": True}


@dataclasses.dataclass(frozen=True)
class Operation:
    """A row's end: the handler and everything that is true of it.

    `policy`: rule checked here; `also`: rules that the handler checks by itself (`rules.may`).
    `load(req, first_id)`: turns the first id of the URL into the object that the handler gets in
    its place; raises NotFound. Without `target`, its project_id and user_id are the target of
    the rule; without `load`, the caller's own. `target(req, *ids[, body])` says it otherwise.
    `status`: a number, or {"2.1": 200, "2.2": 201} when it changes. `errors`: declared codes.
    `public`: no rule is checked at all. `late`: the handler checks `policy` or another rule by
    itself, because it depends on the body which.
    """

    handler: Handler
    policy: str | None = None
    also: tuple[str, ...] = ()
    body: Versioned | Schema | None = None
    query: Versioned | Schema | None = None
    status: int | Mapping[str, int] = 200
    errors: tuple[int, ...] = ()
    since: str = "2.1"
    until: str | None = None
    load: Load | None = None
    target: Target | None = None
    late: bool = False

    def __post_init__(self) -> None:
        """Compile what requests need: versions as numbers, schemas as validators."""
        statuses = self.status if isinstance(self.status, Mapping) else {"2.1": self.status}
        known: dict[str, Any] = {
            "first": parse(self.since),
            "last": parse(self.until) if self.until else MAX,
            "body_checks": Checks(self.body) if self.body is not None else None,
            "query_checks": Checks(ANY_QUERY if self.query is None else self.query),
            "statuses": sorted((parse(since), code) for since, code in statuses.items()),
        }
        for name, value in known.items():
            object.__setattr__(self, name, value)

    first: Version = dataclasses.field(init=False, default=MIN)
    last: Version = dataclasses.field(init=False, default=MAX)
    body_checks: Checks | None = dataclasses.field(init=False, default=None, repr=False)
    query_checks: Checks = dataclasses.field(init=False, repr=False)
    statuses: list[tuple[Version, int]] = dataclasses.field(init=False, repr=False)

    def is_at(self, version: Version) -> bool:
        """Whether this operation exists at that microversion."""
        return self.first <= version <= self.last

    def status_at(self, version: Version) -> int:
        """The success code there."""
        return [code for since, code in self.statuses if since <= version][-1]

    def __call__(self, req: Request) -> Answer:
        """Check the request in Nova's order, then do it."""
        self._check_query(req)
        body = self._check_body(req)
        args: tuple[Any, ...] = req.ids
        if self.load:
            args = (self.load(req, *args[:1]), *args[1:])
        if body is not None:
            args = (*args, body)
        if self.policy and not self.late:
            rules.enforce(req, self.policy, self._target_of(req, args))
        result = self.handler(req, *args)
        answer = result if isinstance(result, Answer) else Answer(result)
        if answer.status is None:
            answer = dataclasses.replace(answer, status=self.status_at(req.version))
        return answer

    def _check_query(self, req: Request) -> None:
        if req.query_string:
            given = req.GET.dict_of_lists()
            req.query = check_query(self.query_checks.at(req.schema_version), given)

    def _check_body(self, req: Request) -> Any:
        if self.body_checks is None:
            return None
        body = req.read_json()
        check_body(self.body_checks.at(req.schema_version), body)
        return body

    def _target_of(self, req: Request, args: tuple[Any, ...]) -> Mapping[str, Any]:
        if self.target:
            return self.target(req, *args)
        return rules.owner_of(args[0]) if self.load else rules.own(req)


def operation(**facts: Any) -> Callable[[Handler], Operation]:
    """`@operation(policy=..., body=..., query=..., status=..., errors=..., since=..., ...)`."""
    return lambda handler: Operation(handler, **facts)


class ByBodyKey:
    """POST .../action: the body's single key names the operation."""

    def __init__(self, table: Mapping[str, Operation]) -> None:
        self.table = dict(table)

    def choose(self, req: Request) -> Operation:
        """The operation that the body asks for."""
        body = req.read_json()
        if not isinstance(body, dict) or len(body) != 1:
            raise errors.Invalid("Malformed message body: exactly one action is required.")
        (key,) = body
        if key not in self.table:
            raise errors.Invalid(f"There is no such action: {key}")
        return self.table[key]


Row = Mapping[str, Operation | ByBodyKey]
Routes = Mapping[str, Row]
"""`{"servers/{server_id}": {"GET": show}}`: path below /v2.1 > method > operation."""
