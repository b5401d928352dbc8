# SPDX-License-Identifier: Apache-2.0
"""POST /v3/ec2tokens: a service asks who signed an EC2 request, and gets a token that says so.

After five wrong signatures in 15 minutes a key is locked for 15 minutes.
"""

from __future__ import annotations

import datetime as dt
import hmac
from typing import Any

from nova_appliance.common.errors import Invalid
from nova_appliance.embedded import web
from nova_appliance.embedded.identity import signing, token_view
from nova_appliance.embedded.identity.credentials import Ec2Key, ec2_key
from nova_appliance.embedded.identity.service import Identity, refused
from nova_appliance.embedded.store import Row
from nova_appliance.embedded.tokens import NO, Claims, new_audit_id
from nova_appliance.embedded.web import Unauthorized

NAMES = ("credentials", "ec2Credentials", "credential")
TEXTS = ("access", "signature", "host", "verb", "path")
CLOCK_S = 15 * 60
TRIES = 5
LOCKED_S = 15 * 60
METHOD = "ec2credential"


def check(req: Any) -> Any:
    """The handler. Raises Unauthorized for all that is wrong with key, signature or time."""
    caller = req.caller
    if not (caller.is_admin or "service" in caller.roles):
        raise refused("identity:ec2_authenticate")
    identity: Identity = req.service
    asked = _read(web.read_json(req))
    _check_time(identity, asked)
    key = ec2_key(identity, asked["access"])
    if key is None:
        raise Unauthorized(NO)
    _check_signature(identity, key, asked)
    claims = _claims(identity, key)
    return token_view.respond(
        req, 200, identity.tokens.resolve(claims), identity.tokens.seal(claims)
    )


def _read(body: Any) -> dict[str, Any]:
    found = (body.get(name) for name in NAMES) if isinstance(body, dict) else ()
    asked = next((one for one in found if isinstance(one, dict)), None)
    if asked is None:
        raise Invalid("The body must have 'credentials': the signed request.")
    for name in TEXTS:
        if not isinstance(asked.get(name), str):
            raise Invalid(f"'credentials.{name}' must be text.")
    for name in ("params", "headers"):
        if not isinstance(asked.setdefault(name, {}), dict):
            raise Invalid(f"'credentials.{name}' must be an object.")
    asked.setdefault("body_hash", "")
    return asked


def _check_time(identity: Identity, asked: dict[str, Any]) -> None:
    params, headers = asked["params"], asked["headers"]
    told = params.get("Timestamp") or headers.get("X-Amz-Date") or params.get("X-Amz-Date")
    if told is None:
        return  # Signature 2 with Expires, which is signed too
    try:
        moment = dt.datetime.fromisoformat(str(told))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        age_s = identity.tokens.now() - moment.timestamp()
    except (ValueError, OverflowError) as error:
        raise Unauthorized(NO) from error
    if abs(age_s) > CLOCK_S:
        raise Unauthorized(NO)


def _check_signature(identity: Identity, key: Ec2Key, asked: dict[str, Any]) -> None:
    if _is_locked(identity, key.access):
        raise Unauthorized(NO)
    given = asked["signature"].encode(errors="replace")
    try:
        right = [one.encode() for one in signing.candidates(key.secret, asked)]
    except (Invalid, UnicodeError):
        right = []
    # every candidate is compared, so that the time taken tells nothing
    if not any([hmac.compare_digest(given, one) for one in right]):  # noqa: C419
        _count_failure(identity, key.access)
        raise Unauthorized(NO)
    _forget_failures(identity, key.access)


def _is_locked(identity: Identity, access: str) -> bool:
    row = _failures(identity.store, access)
    return row is not None and bool(row["locked_until"] > identity.tokens.now())


def _count_failure(identity: Identity, access: str) -> None:
    now = identity.tokens.now()
    with identity.store.write() as tx:
        row = _failures(tx, access)
        if row is None or row["since"] < now - LOCKED_S:
            row = {"access": access, "since": now, "failures": 0, "locked_until": 0}
        failures = row["failures"] + 1
        locked_until = now + LOCKED_S if failures >= TRIES else 0
        changed = {"failures": failures, "locked_until": locked_until}
        tx.insert("ec2_failures", row | changed, or_="REPLACE")


def _forget_failures(identity: Identity, access: str) -> None:
    if _failures(identity.store, access) is not None:
        with identity.store.write() as tx:
            tx.run("DELETE FROM ec2_failures WHERE access = ?", access)


def _failures(reader: Any, access: str) -> Row | None:
    row: Row | None = reader.one("SELECT * FROM ec2_failures WHERE access = ?", access)
    return row


def _claims(identity: Identity, key: Ec2Key) -> Claims:
    now = identity.tokens.now()
    return Claims(
        user_id=key.user_id,
        methods=(METHOD,),
        kind="project",
        target_id=key.project_id,
        issued_at=now,
        expires_at=now + identity.settings.token_life_s,
        audit_ids=(new_audit_id(),),
    )
