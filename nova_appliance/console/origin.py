# SPDX-License-Identifier: Apache-2.0
"""Whose page may open a console: the proxy's own, and those of [console]allowed_origins."""

from __future__ import annotations

import urllib.parse
from collections.abc import Collection
from typing import Protocol


class Headers(Protocol):
    """Headers of a request; names in any case."""

    def get(self, name: str, /) -> str | None:
        """The value, None when it was not sent."""


SCHEMES = {"ws": "http", "wss": "https"}


def is_welcome(headers: Headers, access_url: str, allowed: Collection[str]) -> bool:
    """Whether the request's Origin may connect; a client without one is not a browser.

    Behind a proxy that ends TLS, X-Forwarded-Proto is the scheme that the browser used.
    """
    origin = headers.get("Origin")
    if origin is None:
        return True
    asked = _split(origin)
    if asked is None:
        return False
    scheme = headers.get("X-Forwarded-Proto") or asked.scheme
    own = _split("http://" + (headers.get("Host") or ""))
    if asked.hostname not in allowed and (own is None or asked.hostname != own.hostname):
        return False
    return _page_scheme(scheme) == _page_scheme(urllib.parse.urlsplit(access_url).scheme)


def _split(url: str) -> urllib.parse.SplitResult | None:
    """The parts of a URL; None when it names no host."""
    try:
        parts = urllib.parse.urlsplit(url)
        return parts if parts.hostname and parts.scheme else None
    except ValueError:
        return None


def _page_scheme(scheme: str) -> str:
    return SCHEMES.get(scheme.lower(), scheme.lower())
