# SPDX-License-Identifier: Apache-2.0
"""Session tokens as EC2's instances use them (IMDSv2): signed, for one server, good for a while.

Any worker can check them, as they share nova.conf. Source: EC2's documentation of the service.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct

from oslo_config import cfg

from nova_appliance.domain import metadata_options
from nova_appliance.domain.server import Server
from nova_appliance.metadata.guest_request import Asked, Refusal

PATH = ("latest", "api", "token")
HEADER = "x-aws-ec2-metadata-token"
LIFE = "x-aws-ec2-metadata-token-ttl-seconds"
LONGEST_S = 21600
_END = struct.Struct(">Q")


class SessionTokens:
    """Gives and checks tokens."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._required = conf.metadata.token_required
        secret = conf.neutron.metadata_proxy_shared_secret or conf.service_user.password or ""
        self._key = hashlib.sha256(b"metadata session tokens\0" + secret.encode()).digest()

    def give(self, asked: Asked, server_id: str, now_s: float) -> tuple[str, int]:
        """A token and its life in seconds. Raises Refusal."""
        told = asked.headers.get(LIFE, "")
        if not told.isdecimal() or not 1 <= int(told[:9]) <= LONGEST_S:
            raise Refusal(400, f"{LIFE} must be from 1 to {LONGEST_S}.")
        end = _END.pack(int(now_s) + int(told))
        return base64.urlsafe_b64encode(end + self._sign(server_id, end)).decode(), int(told)

    def check(self, asked: Asked, server: Server, now_s: float) -> None:
        """Raises Refusal unless the token that was sent is good, or none was and none is needed.

        The configuration may demand one of all servers, a server's metadata of it alone.
        """
        token = asked.headers.get(HEADER)
        if token is None and not (self._required or metadata_options.needs_token(server)):
            return
        try:
            raw = base64.b64decode((token or "").encode(), altchars=b"-_", validate=True)
        except (ValueError, UnicodeError):
            raw = b""
        end, signature = raw[: _END.size], raw[_END.size :]
        good = hmac.compare_digest(self._sign(server.id, end), signature)
        if not good or _END.unpack(end)[0] <= now_s:
            raise Refusal(401, "The session token is missing, wrong, or its time is over.")

    def _sign(self, server_id: str, end: bytes) -> bytes:
        return hmac.new(self._key, server_id.encode() + b"\0" + end, hashlib.sha256).digest()
