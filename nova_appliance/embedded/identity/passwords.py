# SPDX-License-Identifier: Apache-2.0
"""Passwords: hashed with scrypt, and guessing them is slowed per user."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from nova_appliance.embedded.identity.service import Identity
from nova_appliance.embedded.store import Row
from nova_appliance.embedded.tokens import NO
from nova_appliance.embedded.web import Unauthorized

COST = {"n": 2**14, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024, "dklen": 32}
FREE_FAILURES = 5
LONGEST_LOCK_S = 60


def seal(password: str) -> str:
    """What is kept of a password."""
    salt = os.urandom(16)
    return f"{_text(salt)}${_text(_digest(password, salt))}"


def matches(password: str, sealed: str) -> bool:
    """Whether `sealed` was made of this password."""
    salt, digest = (base64.b64decode(part) for part in sealed.split("$"))
    return hmac.compare_digest(_digest(password, salt), digest)


def check(identity: Identity, user: Row | None, password: str) -> None:
    """Let a user with the right password pass, else raise Unauthorized.

    After five wrong ones in a row a user is locked for 1, 2, 4 ... at most 60 seconds. Unknown
    users cost as much time as known ones.
    """
    if user is None or not user["password"]:
        _digest(password, b"no such user....")
        raise Unauthorized(NO)
    if identity.tokens.now() < user["locked_until"]:
        raise Unauthorized(NO)
    if not matches(password, user["password"]):
        _count_failure(identity, user)
        raise Unauthorized(NO)
    if user["failures"]:
        with identity.store.write() as tx:
            tx.update("users", user["id"], {"failures": 0, "locked_until": 0})


def _count_failure(identity: Identity, user: Row) -> None:
    with identity.store.write() as tx:
        row = tx.one("SELECT failures FROM users WHERE id = ?", user["id"])
        failures = min(row["failures"] + 1, 100) if row else 1
        over = failures - FREE_FAILURES
        wait_s = min(2**over, LONGEST_LOCK_S) if over >= 0 else 0
        until = identity.tokens.now() + wait_s
        tx.update("users", user["id"], {"failures": failures, "locked_until": until})


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, **COST)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
