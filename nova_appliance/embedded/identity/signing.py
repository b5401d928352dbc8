# SPDX-License-Identifier: Apache-2.0
"""How EC2 requests are signed: the signature that a secret gives, versions 2 and 4. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

from nova_appliance.common.errors import Invalid

ALGORITHM = "AWS4-HMAC-SHA256"
_PARTS = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")
_SPACES = re.compile(r"\s+")
_DIGESTS = {"HmacSHA256": hashlib.sha256, "HmacSHA1": hashlib.sha1}


def candidates(secret: str, asked: Mapping[str, Any]) -> Iterator[str]:
    """The right signatures of a request, with the host as it came and without its port.

    Raises Invalid when it is signed in no way known here.
    """
    make = _version_4 if _is_version_4(asked) else _version_2
    host = str(asked["host"])
    yield make(secret, asked, host)
    if ":" in host:
        yield make(secret, asked, host.rpartition(":")[0])


def _is_version_4(asked: Mapping[str, Any]) -> bool:
    authorization = str(asked["headers"].get("Authorization", ""))
    return authorization.startswith(ALGORITHM) or "X-Amz-Algorithm" in asked["params"]


def _version_2(secret: str, asked: Mapping[str, Any], host: str) -> str:
    params = asked["params"]
    digest = _DIGESTS.get(str(params.get("SignatureMethod")))
    if str(params.get("SignatureVersion")) != "2" or digest is None:
        raise Invalid("The request is signed in a way that is not known here.")
    text = "\n".join((asked["verb"], host.lower(), asked["path"], _query(params)))
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), digest)).decode()


def _version_4(secret: str, asked: Mapping[str, Any], host: str) -> str:
    params, headers = asked["params"], asked["headers"]
    told = dict(_PARTS.findall(str(headers.get("Authorization", ""))))
    credential = told.get("Credential") or str(params.get("X-Amz-Credential", ""))
    signed = told.get("SignedHeaders") or str(params.get("X-Amz-SignedHeaders", ""))
    moment = str(headers.get("X-Amz-Date") or params.get("X-Amz-Date", ""))
    scope = credential.split("/")[1:]
    if len(scope) != 4 or not signed or not moment:
        raise Invalid("The request has no scope, no signed headers or no date.")
    canonical = "\n".join(
        (
            asked["verb"],
            asked["path"],
            "" if asked["verb"] == "POST" else _query(params),
            _headers(headers, signed, host),
            signed,
            str(asked["body_hash"]),
        )
    )
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join((ALGORITHM, moment, "/".join(scope), hashed))
    return hmac.new(_key(secret, scope), text.encode(), hashlib.sha256).hexdigest()


def _key(secret: str, scope: list[str]) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    return key


def _headers(headers: Mapping[str, Any], signed: str, host: str) -> str:
    values = {name.lower(): _SPACES.sub(" ", str(value)).strip() for name, value in headers.items()}
    values["host"] = host
    return "".join(f"{name}:{values.get(name, '')}\n" for name in signed.split(";"))


def _query(params: Mapping[str, Any]) -> str:
    pairs = sorted((_quote(name), _quote(value)) for name, value in params.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def _quote(text: object) -> str:
    return urllib.parse.quote(str(text), safe="-_.~")
