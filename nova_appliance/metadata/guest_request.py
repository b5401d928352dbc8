# SPDX-License-Identifier: Apache-2.0
"""A guest's request as plain data, and refusals; nothing else of WSGI goes beyond this module."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

LONGEST_PATH = 1024
MOST_BODY = 64 * 1024


class Refusal(Exception):
    """The guest gets this status and sentence."""

    def __init__(
        self, status: int, sentence: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.headers = dict(headers or {})


@dataclasses.dataclass(frozen=True)
class Asked:
    """One request; header names are lower case."""

    method: str
    path: tuple[str, ...]
    """Without empty parts."""
    headers: Mapping[str, str]
    source: str
    """Address that the connection came from."""
    body: bytes = b""


def read(environ: WSGIEnvironment) -> Asked:
    """What was asked. Raises Refusal."""
    path = environ.get("PATH_INFO", "")
    if len(path) > LONGEST_PATH:
        raise Refusal(414, "The path is too long.")
    return Asked(
        method=environ["REQUEST_METHOD"],
        path=tuple(part for part in _text(path).split("/") if part),
        headers=_headers(environ),
        source=environ.get("REMOTE_ADDR", ""),
        body=_body(environ),
    )


def _text(path: str) -> str:
    """WSGI gives bytes as latin-1."""
    try:
        return path.encode("latin-1").decode()
    except UnicodeError as error:
        raise Refusal(400, "The path is not UTF-8.") from error


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    return {
        name[5:].lower().replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith("HTTP_") and isinstance(value, str)
    }


def _body(environ: WSGIEnvironment) -> bytes:
    told = environ.get("CONTENT_LENGTH") or "0"
    if not told.isdigit():
        raise Refusal(400, "Content-Length is no number.")
    if int(told) > MOST_BODY:
        raise Refusal(413, f"The body has more than {MOST_BODY} bytes.")
    return environ["wsgi.input"].read(int(told)) if int(told) else b""
