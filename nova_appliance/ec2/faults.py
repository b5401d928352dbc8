# SPDX-License-Identifier: Apache-2.0
"""Errors of the EC2 API: a code that clients act on, a sentence, and the XML they come in."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from nova_appliance.common import errors
from nova_appliance.ec2 import xml

LOG = logging.getLogger(__name__)


class Fault(errors.ApplianceError):
    """An error with EC2's own code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


STATUSES = {
    "AuthFailure": 401,
    "DryRunOperation": 412,
    "InsufficientInstanceCapacity": 500,
    "InternalError": 500,
    "OptInRequired": 401,
    "PendingVerification": 401,
    "MethodNotAllowed": 405,
    "RequestEntityTooLarge": 413,
    "Unavailable": 503,
    "UnauthorizedOperation": 403,
}
"""Code > status; all others are 400."""

FAMILIES: tuple[tuple[type[errors.ApplianceError], str], ...] = (
    (errors.OverQuota, "ResourceLimitExceeded"),
    (errors.Forbidden, "UnauthorizedOperation"),
    (errors.NotFound, "InvalidParameterValue"),
    (errors.Conflict, "IncorrectState"),
    (errors.Invalid, "InvalidParameterValue"),
    (errors.Unsupported, "UnsupportedOperation"),
    (errors.Unavailable, "Unavailable"),
)
"""Family of errors > code, where an action names none of its own."""

GENERIC = "An internal error has occurred. Tell the operator of this cloud the request id."


@contextlib.contextmanager
def coded(**codes: str) -> Iterator[None]:
    """Give families of errors (by class name) the codes that an action has for them."""
    try:
        yield
    except Fault:
        raise
    except errors.ApplianceError as error:
        for family in type(error).__mro__:
            if family.__name__ in codes:
                raise Fault(codes[family.__name__], error.message) from error
        raise


def describe(error: BaseException, request_id: str) -> Fault:
    """The code and sentence for `error`; what nobody foresaw is logged, and told in general words."""
    if isinstance(error, Fault):
        return error
    for family, code in FAMILIES:
        if isinstance(error, family):
            return Fault(code, error.message)
    LOG.error("EC2 request %s failed", request_id, exc_info=error)
    return Fault("InternalError", GENERIC)


def status(fault: Fault) -> int:
    """The HTTP status of an error."""
    return STATUSES.get(fault.code, 400)


def body(fault: Fault, request_id: str) -> bytes:
    """The error document."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>'
        f"<Code>{xml.escape(fault.code)}</Code><Message>{xml.escape(fault.message)}</Message>"
        f"</Error></Errors><RequestID>{xml.escape(request_id)}</RequestID></Response>"
    ).encode()
