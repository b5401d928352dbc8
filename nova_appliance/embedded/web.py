# SPDX-License-Identifier: Apache-2.0
"""The HTTP side that all miniature services share: one Pecan controller over one route table.

Handlers are `f(req, *ids)` and return JSON-able data, `(status, data)`, None (204) or a Response.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import pecan
import pecan.hooks
import webob
import webob.exc

from nova_appliance.common import errors, ids

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

LOG = logging.getLogger(__name__)
JSON_LIMIT_BYTES = 1024 * 1024
REQUEST_ID = "x-openstack-request-id"
Handler = Callable[..., Any]


class Unauthorized(errors.ApplianceError):
    """No token, or one that is not good (401)."""


class TooLarge(errors.ApplianceError):
    """The body is longer than this operation takes (413)."""


class WrongMedia(errors.ApplianceError):
    """The body is not of the type that this operation takes (415)."""


STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (Unauthorized, 401),
    (TooLarge, 413),
    (WrongMedia, 415),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Unsupported, 501),
    (errors.Unavailable, 503),
    (errors.Invalid, 400),
)


@dataclasses.dataclass(frozen=True)
class Op:
    """A handler with more facts than usual: `public` needs no token, `streamed` reads its own body."""

    handler: Handler
    public: bool = False
    streamed: bool = False


@dataclasses.dataclass(frozen=True)
class Unbuilt:
    """A route of the real service that this one does not have; `why` is the sentence of its 501."""

    why: str


Routes = Mapping[str, Mapping[str, Handler | Op | Unbuilt]]


@dataclasses.dataclass(frozen=True)
class Failure:
    """What a service's error formatter gets; `kind` is the name of the error's class."""

    status: int
    message: str
    kind: str

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase


@dataclasses.dataclass(frozen=True)
class Service:
    """What one miniature service brings along.

    `formatter` turns a Failure into its dialect (a dict is sent as JSON, a str as HTML);
    `authenticate` turns a request into its caller or raises Unauthorized;
    `statuses` come before the common table; `headers_401` go with each 401.
    """

    name: str
    state: Any
    routes: Routes
    formatter: Callable[[Failure], dict[str, Any] | str]
    authenticate: Callable[[Any], Any]
    statuses: tuple[tuple[type[Exception], int], ...] = ()
    headers_401: Mapping[str, str] = dataclasses.field(default_factory=dict)


def make_app(service: Service) -> WSGIApplication:
    """The WSGI application of a service; handlers find `req.service` (its state) and `req.caller`."""
    app = pecan.make_app(
        Router(service),
        guess_content_type_from_ext=False,
        force_canonical=False,
        request_cls=Request,
        hooks=[Edge(service)],
    )
    return cast("WSGIApplication", app)


def read_json(req: Any) -> Any:
    """The body of a request as data; raises Invalid when it is not JSON."""
    try:
        return json.loads(req.body)
    except (ValueError, RecursionError) as error:
        raise errors.Invalid("The body of the request is not valid JSON.") from error


def read_object(req: Any, key: str) -> dict[str, Any]:
    """The object below `key` of a JSON body, as most OpenStack requests wrap it."""
    data = read_json(req)
    inner = data.get(key) if isinstance(data, dict) else None
    if not isinstance(inner, dict):
        raise errors.Invalid(f'The body must be a JSON object with an object "{key}" in it.')
    return inner


class Request(pecan.Request):  # type: ignore[misc]
    """A request whose body Pecan leaves alone: it belongs to the handler, which may stream it."""

    json = None

    @property
    def params(self) -> Any:
        """Only the query, so that Pecan does not parse bodies for keyword arguments."""
        return self.GET

    @property
    def request_id(self) -> str:
        """The id that logs and the caller see."""
        return cast(
            "str",
            self.environ.setdefault("nova_appliance.request_id", ids.new_request_id()),
        )


class Router:
    """One controller for the whole tree: a path in, an operation out."""

    def __init__(self, service: Service) -> None:
        self._service = service
        rows = [(tuple(_parts(path)), methods) for path, methods in service.routes.items()]
        self._fixed = {parts: methods for parts, methods in rows if not _has_blank(parts)}
        self._open = [(parts, methods) for parts, methods in rows if _has_blank(parts)]

    @pecan.expose()  # type: ignore[untyped-decorator]
    def _route(self, args: list[str], request: Any = None) -> tuple[Any, list[str]]:
        req = request
        req.pecan["content_type"] = "application/json"  # else Pecan judges the Accept header
        methods, path_ids = self._find(tuple(_parts("/".join(args))))
        found = methods.get(req.method) or (methods.get("GET") if req.method == "HEAD" else None)
        if found is None:
            raise webob.exc.HTTPMethodNotAllowed(
                f"{req.method} is not allowed here.",
                {"Allow": ", ".join(sorted(methods))},
            )
        if isinstance(found, Unbuilt):
            raise errors.Unsupported(found.why)
        op = found if isinstance(found, Op) else Op(found)
        req.service = self._service.state
        req.caller = None if op.public else self._service.authenticate(req)
        if not op.streamed:
            _check_length(req)
        req.operation, req.path_ids = op.handler, path_ids
        return self.dispatch, []

    @pecan.expose(content_type="application/json")  # type: ignore[untyped-decorator]
    def dispatch(self) -> webob.Response:
        """Call the operation that `_route` chose."""
        req = pecan.request
        result = req.operation(req, *req.path_ids)
        return result if isinstance(result, webob.Response) else answer(result)

    def _find(self, parts: tuple[str, ...]) -> tuple[Mapping[str, Any], list[str]]:
        if parts in self._fixed:
            return self._fixed[parts], []
        for pattern, methods in self._open:
            if len(pattern) == len(parts) and _fits(pattern, parts):
                return methods, [parts[at] for at, name in enumerate(pattern) if name[0] == "{"]
        raise errors.NotFound("There is nothing at this URL.")


class Edge(pecan.hooks.PecanHook):  # type: ignore[misc]
    """What happens around each request: errors in the service's dialect, and the request's id."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def on_error(self, state: Any, error: Exception) -> webob.Response:
        """Turn whatever was raised into an answer."""
        failure = self._explain(error, state.request)
        told = self._service.formatter(failure)
        response = (
            answer((failure.status, told)) if isinstance(told, dict) else _html(failure, told)
        )
        if failure.status == HTTPStatus.UNAUTHORIZED:
            response.headers.update(self._service.headers_401)
        if isinstance(error, webob.exc.HTTPMethodNotAllowed):
            response.headers["Allow"] = error.headers["Allow"]
        return response

    def after(self, state: Any) -> None:
        """Tell the caller the id of the request."""
        state.response.headers[REQUEST_ID] = state.request.request_id

    def _explain(self, error: Exception, req: Any) -> Failure:
        kind = type(error).__name__
        if isinstance(error, webob.exc.HTTPException):
            return Failure(error.status_int, error.detail or error.explanation, kind)
        if isinstance(error, UnicodeError):
            return Failure(400, "The request is not valid UTF-8.", "Invalid")
        for family, status in (*self._service.statuses, *STATUSES):
            if isinstance(error, family):
                return Failure(status, str(error), kind)
        LOG.error("%s: %s failed", self._service.name, req.request_id, exc_info=error)
        return Failure(500, "An unexpected error stopped the request.", "InternalServerError")


def answer(result: Any) -> webob.Response:
    """The response for what a handler returned."""
    if result is None:
        return webob.Response(status=204, content_type=None)
    status, data = result if isinstance(result, tuple) else (200, result)
    if data is None:
        return webob.Response(status=status, content_type=None)
    body = json.dumps(data, separators=(",", ":")).encode()
    return webob.Response(body, status, content_type="application/json", charset=None)


def _html(failure: Failure, text: str) -> webob.Response:
    return webob.Response(text, failure.status, content_type="text/html", charset="UTF-8")


def _check_length(req: Any) -> None:
    if (req.content_length or 0) > JSON_LIMIT_BYTES:
        raise TooLarge(f"The body of this request may have at most {JSON_LIMIT_BYTES} bytes.")


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def _has_blank(parts: tuple[str, ...]) -> bool:
    return any(part[0] == "{" for part in parts)


def _fits(pattern: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    pairs = zip(pattern, parts, strict=True)
    return all(name[0] == "{" or name == part for name, part in pairs)
