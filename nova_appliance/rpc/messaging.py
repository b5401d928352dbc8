# SPDX-License-Identifier: Apache-2.0
"""The one door to oslo.messaging: tells oslo.service first that we run native threads.

Eventlet, which oslo.service still requires to be installed, is made impossible to import.
"""

from __future__ import annotations

import contextlib
import importlib
import sys

from oslo_config import cfg
from oslo_service import backend

sys.modules.setdefault("eventlet", None)  # type: ignore[arg-type]
backend.register_backend_default_hook(lambda: backend.BackendType.THREADING)

import oslo_messaging  # noqa: E402 - the lines above must come first
from oslo_messaging import serializer, transport  # noqa: E402
from oslo_messaging._drivers import (  # noqa: E402
    amqpdriver,
    base,
    impl_rabbit,  # noqa: F401 - computes the bounds of an option from the number changed below
)
from oslo_messaging.notify import notifier as notify  # noqa: E402

amqpdriver.ACK_REQUEUE_EVERY_SECONDS_MAX = 0.5
"""How long a listener looks away; it is also how long stopping one takes (5 s by itself)."""

_STRAYS = (
    ("oslo_messaging._tracing.client", "oslo_messaging_tracing"),
    ("oslo_messaging._metrics.client", "oslo_messaging_metrics"),
)
"""Options that newer releases register on the global conf alone: module, list and group."""

NOTICES = "oslo_messaging_notifications"
"""oslo.messaging's group of options for notifications."""

__all__ = ["NOTICES", "base", "oslo_messaging", "register_options", "serializer", "transport"]


def register_options(conf: cfg.ConfigOpts) -> None:
    """Make the options known that oslo.messaging reads from any conf but registers on its own."""
    conf.register_opts(transport._transport_opts)  # noqa: SLF001 - no public door
    conf.register_opts(notify._notifier_opts, group=NOTICES)  # noqa: SLF001 - the same
    for module, name in _STRAYS:
        with contextlib.suppress(ImportError):
            options = getattr(importlib.import_module(module), name)
            conf.register_opts(options, group=name)
