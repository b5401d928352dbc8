# SPDX-License-Identifier: Apache-2.0
"""Pecan with a route table in place of its search for controllers: operations out.

A path is found in a trie, literal parts before ids; then come version, project and body checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pecan.core
import pecan.hooks
import webob

from nova_appliance.api import faults, negotiation
from nova_appliance.api.operation import ByBodyKey, Operation, Routes
from nova_appliance.api.request import CONTEXT, Answer, Request
from nova_appliance.api.versioned import Version
from nova_appliance.common import errors

NOT_FOUND = "The resource could not be found."
TREES = ("v2", "v2.1")
_PROJECT = re.compile(r"[0-9a-f-]+")
_BODIES = frozenset(("POST", "PUT"))
_ENCODER = msgspec.json.Encoder()


class Node:
    """A part of paths: what may follow it, and the methods that end here."""

    def __init__(self) -> None:
        self.literal: dict[str, Node] = {}
        self.any: Node | None = None
        self.methods: dict[str, tuple[str, Operation | ByBodyKey]] = {}

    def below(self, part: str) -> Node:
        """The child for a part of a route, made when missing."""
        if part.startswith("{"):
            self.any = self.any or Node()
            return self.any
        return self.literal.setdefault(part, Node())

    def find(self, parts: Sequence[str], ids: tuple[str, ...] = ()) -> Iterator[Found]:
        """The nodes at the end of `parts` with the ids on the way, literal ones first."""
        if not parts:
            yield self, ids
            return
        literal = self.literal.get(parts[0])
        if literal:
            yield from literal.find(parts[1:], ids)
        if self.any:
            yield from self.any.find(parts[1:], (*ids, parts[0]))


Found = tuple[Node, tuple[str, ...]]


def make_tree(routes: Routes) -> Node:
    """The trie of a route table; each end knows its name for logs and metrics."""
    root = Node()
    for path, methods in routes.items():
        node = root
        for part in path.split("/"):
            node = node.below(part) if part else node
        node.methods = {method: (f"{method} /{path}", what) for method, what in methods.items()}
    return root


class Router(pecan.core.PecanBase):  # type: ignore[misc]
    """Finds the operation of a request in the table and runs it; an error becomes a fault.

    Pecan's own search looks at the signature of what it finds at each request and fills it from
    queries and bodies; ours are looked at once, at start, and take nothing from there.
    """

    def __init__(self, cloud: Any, routes: Routes) -> None:
        super().__init__(
            self, hooks=[Faults()], request_cls=Request, response_cls=_nothing_yet,
            force_canonical=False, guess_content_type_from_ext=False,
        )  # fmt: skip
        self._cloud = cloud
        self._tree = make_tree(routes)

    def find_controller(self, state: Any) -> tuple[Operation, tuple[()], dict[str, Any]]:
        """Pecan's question what to call: the operation, which takes the request alone."""
        req: Request = state.request
        req.cloud = self._cloud
        req.context = req.environ[CONTEXT]
        parts = [part for part in req.path_info.split("/") if part]
        req.legacy = parts[0] == "v2"
        if not req.legacy:
            req.version = negotiation.negotiate(req.headers)
            req.versioned = True
        self._find(req, self._without_project(req, parts[1:]))
        return req.operation, (), {}

    def invoke_controller(self, controller: Operation, _args: Any, _named: Any, state: Any) -> None:
        """Run it; Pecan sends the response."""
        state.response = write_answer(state.request, controller(state.request))

    def _handle_empty_response_body(self, _state: Any) -> None:
        """Pecan would turn an empty 200 into 204; Nova does not."""

    def _without_project(self, req: Request, parts: list[str]) -> list[str]:
        """A first part that is no resource is the project's id."""
        if parts and parts[0] not in self._tree.literal and _PROJECT.fullmatch(parts[0]):
            req.project_in_url = parts[0]
            return parts[1:]
        return parts

    def _find(self, req: Request, parts: list[str]) -> None:
        rows = [
            (node.methods[req.method], ids)
            for node, ids in self._tree.find(parts)
            if req.method in node.methods
        ]
        if not rows or _ends_in_nothing(req, parts):
            raise faults.NotHere(NOT_FOUND)
        req.check_length()
        if req.method in _BODIES:
            req.check_media()
        if req.project_in_url not in ("", req.context.project_id):
            raise errors.Invalid(
                f"Malformed request URL: URL's project_id '{req.project_in_url}' doesn't match "
                f"Context's project_id '{req.context.project_id}'"
            )
        for (name, what), ids in rows:
            operation = what.choose(req) if isinstance(what, ByBodyKey) else what
            if operation.is_at(req.version):
                req.operation, req.ids = operation, ids
                req.environ["nova.operation"] = name
                return
        raise faults.NotHere(_not_at(req.version))


def _ends_in_nothing(req: Request, parts: list[str]) -> bool:
    """`servers/` is the server without an id, which nobody has, and not the list (as in Nova)."""
    return bool(parts) and req.path_info.endswith("/")


def _not_at(version: Version) -> str:
    text = negotiation.write(version)
    return f"API version '{text}' is not supported on this method."


def _nothing_yet() -> None:
    """Pecan makes a response for each request in advance; ours is made when it is known."""


def write_answer(req: Request, answer: Answer) -> webob.Response:
    """An answer as a response; bytes are sent as they are, other data as JSON."""
    headers = {**answer.headers, **(negotiation.echo(req.version) if req.versioned else {})}
    body = b"" if answer.data is None else _encode(answer.data)
    if body:
        headers = {"Content-Type": "application/json", **headers}
    headers["Content-Length"] = str(len(body))
    return webob.Response(status=answer.status, headerlist=list(headers.items()), app_iter=[body])


def _encode(data: Any) -> bytes:
    return data if isinstance(data, bytes) else _ENCODER.encode(data)


class Faults(pecan.hooks.PecanHook):  # type: ignore[misc]
    """Every exception becomes an error body here."""

    def on_error(self, state: Any, error: BaseException) -> webob.Response:
        """The response that Pecan sends in place of its own."""
        req: Request = state.request
        failure = faults.failure(error, req.environ.get("openstack.request_id", ""))
        return write_answer(req, Answer(failure.body, failure.status, failure.headers))
