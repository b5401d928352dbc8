# SPDX-License-Identifier: Apache-2.0
"""A session from its first words to its end; the same for WebSockets and for Java viewers."""

from __future__ import annotations

import logging
from typing import Any

from nova_appliance.console import rfb, spice
from nova_appliance.console.ends import End
from nova_appliance.console.limits import limits_of
from nova_appliance.console.pump import Ended, pump
from nova_appliance.domain.console import KINDS, ConsoleToken

LOG = logging.getLogger(__name__)


def carry(proxy: Any, token: ConsoleToken, client: End, guest: End) -> Ended:
    """The first words where the proxy has a part in them, then bytes as they come."""
    try:
        if proxy.reach.is_greeter(token):
            guest.send(rfb.greet(client))
        elif KINDS[token.kind].device == "spice":
            spice.introduce(client, guest)
    except spice.GuestGone:
        return Ended.GUEST
    except OSError as error:
        LOG.info("server %s: a client that is none: %s", token.server_id, error)
        return Ended.CLIENT
    return pump(client, guest, limits_of(proxy.conf, token))
