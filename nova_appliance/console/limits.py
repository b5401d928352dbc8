# SPDX-License-Identifier: Apache-2.0
"""How long a session may last, by nova.conf and by its token."""

from __future__ import annotations

from oslo_config import cfg

from nova_appliance.common import clock
from nova_appliance.console.pump import Limits
from nova_appliance.domain.console import ConsoleToken


def limits_of(conf: cfg.ConfigOpts, token: ConsoleToken) -> Limits:
    """The limits of a session that begins now."""
    whole_s = None
    if conf.consoleauth.enforce_session_timeout:
        whole_s = max(0.0, (token.expires_at - clock.SYSTEM.now()).total_seconds())
    return Limits(idle_s=conf.console.idle_timeout or None, whole_s=whole_s)
