# SPDX-License-Identifier: Apache-2.0
"""One HTTP request as the query protocol reads it: verb, host, path, parameters, body hash."""

from __future__ import annotations

import dataclasses
import hashlib
import urllib.parse
from typing import TYPE_CHECKING

from nova_appliance.ec2.faults import Fault

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

MOST_PARAMETERS = 50_000
FORM = "application/x-www-form-urlencoded"
Pairs = tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True)
class Asked:
    """What came in; `parameters` are those of query and form together, each name once."""

    verb: str
    host: str
    path: str
    query: Pairs
    form: Pairs
    headers: dict[str, str]
    """Names in their usual spelling (X-Amz-Date)."""
    body_hash: str
    url: str
    """Scheme and host, as the caller reached us."""

    @property
    def parameters(self) -> Pairs:
        """Query and form."""
        return self.query + self.form

    def get(self, name: str) -> str | None:
        """One parameter."""
        return dict(self.parameters).get(name)


def read(environ: WSGIEnvironment, longest_body: int) -> Asked:
    """Read the request. Raises Fault when it is too long, or no form."""
    verb = environ["REQUEST_METHOD"]
    if verb not in ("GET", "POST"):
        raise Fault("MethodNotAllowed", "The EC2 API takes GET and POST.")
    body = _body(environ, longest_body)
    asked = Asked(
        verb=verb,
        host=_host(environ),
        path=_path(environ),
        query=_pairs(environ.get("QUERY_STRING", "")),
        form=_form(environ, body),
        headers=_headers(environ),
        body_hash=hashlib.sha256(body).hexdigest(),
        url=f"{environ.get('wsgi.url_scheme', 'http')}://{_host(environ)}",
    )
    names = [name for name, _ in asked.parameters]
    if len(set(names)) < len(names):
        raise Fault("InvalidParameterCombination", "A parameter is given more than once.")
    return asked


def _body(environ: WSGIEnvironment, longest: int) -> bytes:
    told = environ.get("CONTENT_LENGTH") or "0"
    length = int(told) if told.isdigit() else 0
    if length > longest:
        raise Fault("RequestEntityTooLarge", f"A request may have at most {longest} bytes.")
    return environ["wsgi.input"].read(length) if length else b""


def _form(environ: WSGIEnvironment, body: bytes) -> Pairs:
    kind = (environ.get("CONTENT_TYPE") or FORM).partition(";")[0].strip().lower()
    if not body:
        return ()
    if kind != FORM:
        raise Fault("MalformedQueryString", f"The body of a request must be {FORM}.")
    try:
        return _pairs(body.decode("ascii"))
    except UnicodeDecodeError as error:
        raise Fault("MalformedQueryString", "The body is not URL-encoded.") from error


def _pairs(text: str) -> Pairs:
    try:
        return tuple(
            urllib.parse.parse_qsl(
                text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS
            )
        )
    except ValueError as error:
        raise Fault("MalformedQueryString", "The query string contains a syntax error") from error


def _host(environ: WSGIEnvironment) -> str:
    return str(environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}")


def _path(environ: WSGIEnvironment) -> str:
    """The path as it was signed: still encoded."""
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return urllib.parse.quote(path.encode("latin-1"), safe="/~") or "/"


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    found = {
        key[5:].replace("_", "-").title(): value.strip()
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    for key, name in (("CONTENT_TYPE", "Content-Type"), ("CONTENT_LENGTH", "Content-Length")):
        if environ.get(key):
            found[name] = environ[key]
    return found
