# SPDX-License-Identifier: Apache-2.0
"""Where clients put their token: `?token=`, noVNC's `?path=?token=`, or the cookie `token`."""

from __future__ import annotations

import http.cookies
import urllib.parse


def token_of(target: str, cookie_header: str | None) -> str | None:
    """The token in a request's target, else in its cookies."""
    query = _query(target)
    for text in (query.get("token"), _query(query.get("path", "")).get("token")):
        if text and text.strip():
            return text.strip()
    return _cookie(cookie_header or "")


def _query(target: str) -> dict[str, str]:
    """First value of each query parameter of a path or URL."""
    query = target.partition("?")[2].partition("#")[0]
    found = urllib.parse.parse_qs(query, max_num_fields=50, strict_parsing=False)
    return {name: values[0] for name, values in found.items()}


def _cookie(header: str) -> str | None:
    jar: http.cookies.SimpleCookie = http.cookies.SimpleCookie()
    try:
        jar.load(header)
    except http.cookies.CookieError:
        return None
    return jar["token"].value or None if "token" in jar else None
