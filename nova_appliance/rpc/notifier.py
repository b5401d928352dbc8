# SPDX-License-Identifier: Apache-2.0
"""Sends notices by oslo.messaging's notifier: in order, from a thread of its own, sooner or later.

Nobody waits for a broker that is away: notices wait in memory, and the oldest are dropped.
"""

from __future__ import annotations

import atexit
import functools
import threading
from typing import Any

from oslo_config import cfg

from nova_appliance.common.context import RequestContext
from nova_appliance.domain.notice import Notice
from nova_appliance.rpc.courier import Courier
from nova_appliance.rpc.messaging import NOTICES, oslo_messaging, register_options, serializer
from nova_appliance.rpc.transport import open_for_notices

MOST = 10_000
"""Notices that wait for the broker."""
SILENT = frozenset(("", "noop"))
"""Drivers that tell nobody."""


class Notifier:
    """The notifiers of a process, opened with the first notice. Safe for threads."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        register_options(conf)
        self._conf = conf
        self._lock = threading.Lock()
        self._courier = Courier(MOST)
        self._notifiers: dict[bool, Any] | None = None
        form = conf.notifications.notification_format
        self.is_on = not SILENT.issuperset(conf[NOTICES].driver)
        self.tells_versioned = self.is_on and form in ("versioned", "both")
        self.tells_unversioned = self.is_on and form in ("unversioned", "both")

    def post(self, context: RequestContext, notice: Notice) -> None:
        """Send it soon; returns at once and never fails."""
        self._courier.post(functools.partial(self._send, context, notice))

    def close(self) -> None:
        """Send what waits, if that is quickly done."""
        self._courier.stop()
        atexit.unregister(self.close)

    def _send(self, context: RequestContext, notice: Notice) -> None:
        level = "error" if notice.is_error else self._conf.notifications.default_level.lower()
        notifier = self._open()[notice.is_versioned].prepare(publisher_id=notice.publisher)
        getattr(notifier, level)(context, notice.event, notice.body)

    def _open(self) -> dict[bool, Any]:
        with self._lock:
            if self._notifiers is None:
                transport, contexts = open_for_notices(self._conf), _Contexts()
                topics = self._conf.notifications.versioned_notifications_topics
                self._notifiers = {
                    False: oslo_messaging.Notifier(transport, serializer=contexts),
                    True: oslo_messaging.Notifier(transport, serializer=contexts, topics=topics),
                }
                atexit.register(self.close)
            return self._notifiers


class _Contexts(serializer.NoOpSerializer):  # type: ignore[misc]
    """Listeners get of a context what travels with any message: no token."""

    def serialize_context(self, context: Any) -> dict[str, Any]:
        return context.as_wire() if isinstance(context, RequestContext) else {}
