# SPDX-License-Identifier: Apache-2.0
"""A session from its first words to its end; the same for WebSockets and for Java viewers."""

from __future__ import annotations

import logging
from typing import Any

from nova_appliance.console import rfb
from nova_appliance.console.ends import End
from nova_appliance.console.limits import limits_of
from nova_appliance.console.pump import Ended, pump
from nova_appliance.domain.console import ConsoleToken

LOG = logging.getLogger(__name__)


def carry(proxy: Any, token: ConsoleToken, client: End, guest: End) -> Ended:
    """Greet the client where the proxy has agreed with the guest by itself, then carry bytes."""
    if proxy.reach.is_greeter(token):
        try:
            guest.send(rfb.greet(client))
        except OSError as error:
            LOG.info("server %s: a client that is none: %s", token.server_id, error)
            return Ended.CLIENT
    return pump(client, guest, limits_of(proxy.conf, token))
