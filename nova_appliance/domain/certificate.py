# SPDX-License-Identifier: Apache-2.0
"""What a certificate is asked to say, and what an authority remembers of the ones it gave."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re

import msgspec

from nova_appliance.common import errors

USES = ("server", "client")
KINDS = ("root", "project", "user", "host")
REASONS = ("unspecified", "key_compromise", "superseded", "cessation_of_operation")
"""Why a certificate was revoked: words of RFC 5280, 5.3.1."""

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
_DNS = re.compile(r"(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.?)+")


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A host's certificate as it is asked for; lists are sorted, so that equal wishes are equal."""

    name: str
    addresses: tuple[str, ...] = ()
    dns_names: tuple[str, ...] = ()
    uses: tuple[str, ...] = USES


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate that an authority signed; `serial` is hexadecimal, times are naive UTC."""

    serial: str
    kind: str
    name: str
    pem: str
    not_before: dt.datetime
    not_after: dt.datetime
    project_id: str | None = None
    user_id: str | None = None
    revoked_at: dt.datetime | None = None
    reason: str | None = None


def make_wish(
    name: str,
    addresses: tuple[str, ...] = (),
    dns_names: tuple[str, ...] = (),
    uses: tuple[str, ...] = USES,
) -> Wish:
    """A checked wish. Raises Invalid with what is wrong."""
    if not _NAME.fullmatch(name):
        raise errors.Invalid(
            f"A certificate cannot be named {name!r}: use 1 to 64 letters, digits, '.', '_', '-'."
        )
    for dns_name in dns_names:
        if len(dns_name) > 253 or not _DNS.fullmatch(dns_name):
            raise errors.Invalid(f"{dns_name!r} is no DNS name.")
    if not uses or set(uses) - set(USES):
        raise errors.Invalid(f"A certificate is for {' or '.join(USES)}, not {','.join(uses)!r}.")
    return Wish(
        name=name,
        addresses=tuple(sorted({_address(text) for text in addresses})),
        dns_names=tuple(sorted({dns_name.lower() for dns_name in dns_names})),
        uses=tuple(use for use in USES if use in uses),
    )


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise errors.Invalid(f"{text!r} is no IP address.") from error


def needs_renewal(given: Given, now: dt.datetime, before: dt.timedelta) -> bool:
    """Whether it ends within `before`, or within the last third of its life if that is shorter."""
    lifetime = given.not_after - given.not_before
    return given.not_after - now <= min(before, lifetime / 3)


def state(given: Given, now: dt.datetime) -> str:
    """`valid`, `revoked` or `ended`."""
    if given.revoked_at is not None:
        return "revoked"
    return "valid" if now < given.not_after else "ended"
