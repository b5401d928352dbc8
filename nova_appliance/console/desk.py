# SPDX-License-Identifier: Apache-2.0
"""Admits clients: token, its check by nova-consoleauth, Origin. The same for all proxies."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable

from nova_appliance.common import errors
from nova_appliance.console import origin
from nova_appliance.console.token_in_request import token_of
from nova_appliance.rpc.orders import Granted, NotGranted

LOG = logging.getLogger(__name__)

TOKENLESS = "This link is not whole: its token is missing. Ask for a console of the server."
FOREIGN_PAGE = "A page from elsewhere may not open this console."
NOT_NOW = "The link cannot be checked at the moment. Reload this page in a while."

Check = Callable[[str, str], Granted | NotGranted]
"""Asks nova-consoleauth: (token, kind). Raises Unavailable."""


class NotAdmitted(Exception):
    """Answered with an HTTP status and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


@dataclasses.dataclass(frozen=True, kw_only=True)
class Desk:
    """What one proxy asks of its clients."""

    kind: str
    check: Check
    allowed_origins: tuple[str, ...] = ()

    def look_up(self, target: str, cookies: str | None) -> Granted:
        """What the token of a request gives. Raises NotAdmitted."""
        secret = token_of(target, cookies)
        if secret is None:
            raise NotAdmitted(400, TOKENLESS)
        return self.look_up_token(secret)

    def look_up_token(self, secret: str) -> Granted:
        """What a token gives. Raises NotAdmitted."""
        try:
            answer = self.check(secret, self.kind)
        except errors.ApplianceError as error:
            LOG.warning("cannot check a token: %s", error.message)
            raise NotAdmitted(503, NOT_NOW) from error
        if isinstance(answer, NotGranted):
            raise NotAdmitted(401, answer.reason)
        return answer

    def admit(self, target: str, headers: origin.Headers) -> Granted:
        """Let a client in that wants its session to begin. Raises NotAdmitted."""
        granted = self.look_up(target, headers.get("Cookie"))
        if not origin.is_welcome(headers, granted.token.access_url, self.allowed_origins):
            LOG.warning("refused a page from %r", headers.get("Origin"))
            raise NotAdmitted(403, FOREIGN_PAGE)
        return granted
