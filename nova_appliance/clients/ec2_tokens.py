# SPDX-License-Identifier: Apache-2.0
"""Asks Keystone who signed an EC2 request (POST /v3/ec2tokens): only it knows the secrets."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import msgspec
import requests
from keystoneauth1.session import Session
from oslo_config import cfg

from nova_appliance.clients.session import mapped
from nova_appliance.common import clock, errors

RENEW_S = 60.0
"""A refusal may mean our own token: it is renewed for that reason at most once in this time."""


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed, and a token that speaks for them."""

    user_id: str
    project_id: str
    roles: tuple[str, ...]
    token: str


class Ec2Tokens:
    """Keystone's check of EC2 signatures; safe for threads. Nothing is remembered."""

    def __init__(
        self, session: Session, conf: cfg.ConfigOpts, clocks: clock.Clock = clock.SYSTEM
    ) -> None:
        auth_url = (conf.service_user.auth_url or "").rstrip("/")
        below = auth_url if auth_url.endswith("/v3") else f"{auth_url}/v3"
        self._url: str = conf.ec2.tokens_url or f"{below}/ec2tokens"
        self._session = session
        self._clock = clocks
        self._lock = threading.Lock()
        self._renewed_at = float("-inf")

    def check(self, signed: Mapping[str, Any]) -> Signer | None:
        """Who signed this request; None when the signature or the key is no good.

        Raises Unavailable when Keystone does not answer.
        """
        answer = self._ask(signed)
        if answer.status_code == requests.codes.unauthorized and self._may_renew():
            self._session.invalidate()
            answer = self._ask(signed)
        if answer.status_code in (400, 401, 403):
            return None
        if not answer.ok:
            raise errors.Unavailable(f"Keystone fails to check signatures: {answer.status_code}.")
        return _signer(answer)

    def _ask(self, signed: Mapping[str, Any]) -> requests.Response:
        body = {"credentials": dict(signed)}
        with mapped("identity"):
            answer: requests.Response = self._session.request(
                self._url, "POST", json=body, raise_exc=False, allow_reauth=False, log=False
            )
        return answer

    def _may_renew(self) -> bool:
        now = self._clock.monotonic()
        with self._lock:
            if now - self._renewed_at < RENEW_S:
                return False
            self._renewed_at = now
            return True


def _signer(answer: requests.Response) -> Signer | None:
    try:
        token = answer.json()["token"]
        return Signer(
            user_id=token["user"]["id"],
            project_id=token["project"]["id"],
            roles=tuple(role["name"] for role in token["roles"]),
            token=answer.headers["X-Subject-Token"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise errors.Unavailable("Keystone's answer about a signature is no token.") from error
