# SPDX-License-Identifier: Apache-2.0
"""What of a request was signed, by which key, and when: Signature Versions 2 and 4.

The secret is known to the identity service alone: it gets all this and decides.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.request import Asked

ALGORITHM = "AWS4-HMAC-SHA256"
METHODS = ("HmacSHA256", "HmacSHA1")
LONGEST_EXPIRES_S = 7 * 24 * 3600
ACCESS_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_PARTS = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")
_ALWAYS = ("Authorization", "Host", "X-Amz-Date", "User-Agent")


def read(asked: Asked, now: dt.datetime, skew_s: int) -> dict[str, Any]:
    """The signed request in Keystone's words. Raises Fault: AuthFailure, RequestExpired, ...

    `now` is naive UTC; `skew_s` is how far the caller's clock may be off, either way.
    """
    if asked.headers.get("Authorization", "").startswith(ALGORITHM):
        found = _version_4_header(asked)
    elif asked.get("X-Amz-Algorithm"):
        found = _version_4_query(asked)
    elif asked.get("AWSAccessKeyId"):
        found = _version_2(asked)
    else:
        raise Fault("MissingParameter", "The request is not signed: it has no access key.")
    _check_time(asked, now, skew_s)
    if not ACCESS_KEY.fullmatch(found["access"]):
        raise denied()
    return found | {"host": asked.host, "verb": asked.verb, "path": asked.path}


def denied() -> Fault:
    """The one sentence for every signature that does not count; it tells nobody why."""
    return Fault(
        "AuthFailure",
        "The access key or the signature is wrong, or the key is locked for a while after too "
        "many wrong signatures.",
    )


def _version_2(asked: Asked) -> dict[str, Any]:
    params = dict(asked.parameters)
    signature = params.pop("Signature", None)
    if not signature:
        raise Fault("MissingParameter", "The request must contain the parameter Signature")
    if params.get("SignatureVersion") != "2":
        raise Fault("InvalidParameterValue", "SignatureVersion must be 2, or use Signature 4.")
    if params.get("SignatureMethod") not in METHODS:
        raise Fault("InvalidParameterValue", f"SignatureMethod must be one of {METHODS}.")
    if ("Timestamp" in params) == ("Expires" in params):
        raise Fault(
            "InvalidParameterCombination", "A request must have either Timestamp or Expires."
        )
    return {
        "access": params["AWSAccessKeyId"],
        "signature": signature,
        "params": params,
        "headers": {},
        "body_hash": asked.body_hash,
    }


def _version_4_header(asked: Asked) -> dict[str, Any]:
    told = dict(_PARTS.findall(asked.headers["Authorization"]))
    if len(told) < 3:
        raise Fault("IncompleteSignature", "The Authorization header is not complete.")
    if asked.verb == "POST" and asked.query:
        raise denied()  # the query of a POST is not covered by what Keystone checks
    if "X-Amz-Date" not in asked.headers:
        raise Fault("MissingAuthenticationToken", "The request has no X-Amz-Date header.")
    access = _check_scope(told["Credential"], asked.headers["X-Amz-Date"])
    return {
        "access": access,
        "signature": told["Signature"],
        "params": dict(asked.query),
        "headers": _signed_headers(asked, told["SignedHeaders"]),
        "body_hash": asked.body_hash,
    }


def _version_4_query(asked: Asked) -> dict[str, Any]:
    params = dict(asked.query)
    signature = params.pop("X-Amz-Signature", None)
    wanted = ("X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders")
    if not signature or any(name not in params for name in wanted):
        raise Fault("IncompleteSignature", f"The query must have {', '.join(wanted)}.")
    if asked.verb != "GET":
        raise denied()  # Keystone takes no query of a POST into account
    if params["X-Amz-Algorithm"] != ALGORITHM:
        raise Fault("IncompleteSignature", f"X-Amz-Algorithm must be {ALGORITHM}.")
    access = _check_scope(params["X-Amz-Credential"], params["X-Amz-Date"])
    return {
        "access": access,
        "signature": signature,
        "params": params,
        "headers": _signed_headers(asked, params["X-Amz-SignedHeaders"]),
        "body_hash": asked.body_hash,
    }


def _check_scope(credential: str, date: str) -> str:
    """The access key of a credential scope. Raises Fault when it is none.

    Region and service may be any: old clients guess them from the host's name or address.
    """
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request":
        raise Fault("IncompleteSignature", "Credential must be KEY/date/region/ec2/aws4_request.")
    if parts[1] != date[:8]:
        raise Fault("IncompleteSignature", "The date of Credential is not that of X-Amz-Date.")
    return parts[0]


def _signed_headers(asked: Asked, names: str) -> dict[str, str]:
    wanted = {name.strip().title() for name in names.split(";")}
    if "Host" not in wanted:
        raise Fault("IncompleteSignature", "'Host' must be a signed header.")
    found = {name: asked.headers[name] for name in _ALWAYS if name in asked.headers}
    return found | {name: asked.headers.get(name, "") for name in sorted(wanted)}


def _check_time(asked: Asked, now: dt.datetime, skew_s: int) -> None:
    signed_at = asked.headers.get("X-Amz-Date") or asked.get("X-Amz-Date")
    if signed_at is None:
        signed_at = asked.get("Timestamp")
    if signed_at is None:
        if moment(asked.get("Expires") or "") < now:
            raise expired()
        return
    age_s = (now - moment(signed_at)).total_seconds()
    life_s = _life_s(asked.get("X-Amz-Expires"), skew_s)
    if not -skew_s <= age_s <= life_s:
        raise expired()


def _life_s(expires: str | None, skew_s: int) -> int:
    """How long a signature counts: as it says itself, but never longer than any other."""
    if expires is None:
        return skew_s
    if not expires.isascii() or not expires.isdigit() or int(expires[:9]) > LONGEST_EXPIRES_S:
        raise Fault("InvalidParameterValue", "X-Amz-Expires must be seconds, at most 604800.")
    return min(int(expires), skew_s)


def expired() -> Fault:
    """The error for a request signed too long ago, or by a clock that is wrong."""
    return Fault("RequestExpired", "Request has expired: its time is too far from ours.")


def moment(text: str) -> dt.datetime:
    """A time in one of the spellings that signatures use, as naive UTC. Raises Fault."""
    try:
        found = dt.datetime.fromisoformat(text)
        return found.astimezone(dt.UTC).replace(tzinfo=None) if found.tzinfo else found
    except (ValueError, OverflowError) as error:
        raise Fault("InvalidParameterValue", "The time of the signature is no time.") from error
