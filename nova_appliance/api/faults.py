# SPDX-License-Identifier: Apache-2.0
"""Errors on the wire: one table of families and statuses, and Nova's error bodies."""

from __future__ import annotations

import dataclasses
import logging

import webob.exc

from nova_appliance.api.request import TooLarge, WrongMedia
from nova_appliance.common import errors

LOG = logging.getLogger(__name__)


class NotHere(errors.ApplianceError):
    """No such path, method, or not at this microversion (404)."""


class Gone(errors.ApplianceError):
    """The resource was removed for good (410)."""


class NotAcceptable(errors.ApplianceError):
    """A microversion that this service does not have (406)."""


class Unauthorized(errors.ApplianceError):
    """No token, or one that is not good (401)."""


STATUSES: tuple[tuple[type[errors.ApplianceError], int], ...] = (
    (errors.Invalid, 400),
    (Unauthorized, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (NotHere, 404),
    (NotAcceptable, 406),
    (errors.Conflict, 409),
    (Gone, 410),
    (TooLarge, 413),
    (WrongMedia, 415),
    (errors.Refused, 500),
    (errors.Unsupported, 501),
    (errors.Unavailable, 503),
)

KEYS = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    429: "overLimit",
    501: "notImplemented",
    503: "serviceUnavailable",
}
"""Top key of an error body; every other status has computeFault."""

GENERIC = (
    "Unexpected API Error. Please report this to the operator of this cloud and name the "
    "request id."
)


@dataclasses.dataclass(frozen=True)
class Failure:
    """A status, its body and its headers."""

    status: int
    body: dict[str, object]
    headers: dict[str, str]


def failure(error: BaseException, request_id: str) -> Failure:
    """What to answer for `error`; what nobody foresaw is logged and answered in general words."""
    if isinstance(error, errors.ApplianceError):
        for family, status in STATUSES:
            if isinstance(error, family):
                return make(status, error.message)
    if isinstance(error, webob.exc.HTTPException):
        return make(error.status_int, error.detail or error.explanation)
    LOG.error("request %s failed", request_id, exc_info=error)
    return make(500, f"{GENERIC}\n{type(error)}")


def make(status: int, message: str) -> Failure:
    """The error body of a status."""
    inner: dict[str, object] = {"code": status, "message": message}
    headers = {}
    if status in (413, 429):
        headers["Retry-After"] = inner["retryAfter"] = "0"
    return Failure(status, {KEYS.get(status, "computeFault"): inner}, headers)
