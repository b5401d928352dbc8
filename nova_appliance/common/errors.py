# SPDX-License-Identifier: Apache-2.0
"""Families of errors by meaning; specific ones stand beside the code that raises them.

The API maps families to statuses in one table (api/faults.py); nothing else knows HTTP numbers.
"""

from __future__ import annotations


class ApplianceError(Exception):
    """Base of our own errors: a sentence for the person who reads it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(ApplianceError):
    """The request is wrong in itself, or names something that cannot be used (400)."""


class Forbidden(ApplianceError):
    """The caller may not do this (403)."""


class OverQuota(Forbidden):
    """The caller's quota does not allow it (403)."""


class NotFound(ApplianceError):
    """The thing named by the URL does not exist for this caller (404)."""


class Conflict(ApplianceError):
    """The present state does not allow it, or a unique name is taken (409)."""


class Unsupported(ApplianceError):
    """The driver or the service cannot do this at all (501)."""


class Unavailable(ApplianceError):
    """A neighbour, the database or the message bus does not answer now; worth trying again (503)."""


class Absent(Unavailable):
    """The cloud's catalog names no such neighbour; it may come to do so (503)."""


class Refused(ApplianceError):
    """A step of an operation cannot succeed, however often it is tried."""


class Unfit(Refused):
    """A host cannot do it, however often it is tried; another one may."""
