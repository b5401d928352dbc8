# SPDX-License-Identifier: Apache-2.0
"""Microversions of the volume service: what is asked for, what is answered, the version documents."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import webob

from nova_appliance.common import errors
from nova_appliance.embedded import web

LEAST, MOST = (3, 0), (3, 70)
HEADER = "OpenStack-API-Version"
_PATTERN = re.compile(r"^([1-9]\d{0,2})\.(0|[1-9]\d{0,3})$")


class NotAcceptable(errors.ApplianceError):
    """A microversion that is not served (406)."""


def asked(req: Any) -> tuple[int, int]:
    """The microversion of a request; the lowest when it names none."""
    for part in req.headers.get(HEADER, "").split(","):
        words = part.split()
        if len(words) == 2 and words[0] == "volume":
            return _read(words[1])
    return LEAST


def _read(text: str) -> tuple[int, int]:
    if text == "latest":
        return MOST
    found = _PATTERN.match(text)
    if found is None:
        raise errors.Invalid(f"API Version String {text} is of invalid format. It must be X.Y.")
    version = (int(found[1]), int(found[2]))
    if not LEAST <= version <= MOST:
        raise NotAcceptable(
            f"Version {text} is not supported by the API. Minimum is {show(LEAST)} and maximum "
            f"is {show(MOST)}."
        )
    return version


def show(version: tuple[int, int]) -> str:
    """`3.27`."""
    return f"{version[0]}.{version[1]}"


def operation(handler: Callable[..., Any], since: tuple[int, int] = LEAST) -> Callable[..., Any]:
    """The handler below /v3/{project}: the version and the project of the URL are checked."""

    def run(req: Any, project_id: str, *ids: str) -> webob.Response:
        version = asked(req)
        if version < since:
            raise errors.NotFound("The resource could not be found.")
        if project_id != req.caller.project_id:
            raise errors.Invalid("Malformed request url")
        req.version = version
        result = handler(req, *ids)
        response = result if isinstance(result, webob.Response) else web.answer(result)
        response.headers[HEADER] = f"volume {show(version)}"
        response.headers["Vary"] = HEADER
        return response

    return run


def documents(req: Any) -> tuple[int, dict[str, Any]]:
    """GET /: which versions there are."""
    told = {
        "id": "v3.0",
        "status": "CURRENT",
        "version": show(MOST),
        "min_version": show(LEAST),
        "updated": "2022-08-31T00:00:00Z",
        "links": [{"rel": "self", "href": f"{req.host_url}/v3/"}],
        "media-types": [
            {"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"}
        ],
    }
    return 300, {"versions": [told]}


def document(req: Any) -> dict[str, Any]:
    """GET /v3/: the same, as a plain answer."""
    return documents(req)[1]
