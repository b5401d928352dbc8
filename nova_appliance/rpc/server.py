# SPDX-License-Identifier: Apache-2.0
"""Receives orders for a daemon: one function a row of rpc/calls, run by native threads."""

from __future__ import annotations

import logging
import types
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from oslo_config import cfg

from nova_appliance.common import context as contexts
from nova_appliance.common import errors
from nova_appliance.rpc import envelope
from nova_appliance.rpc.calls.row import Call
from nova_appliance.rpc.calls.topics import TOPICS
from nova_appliance.rpc.messaging import oslo_messaging
from nova_appliance.rpc.transport import open_transport

LOG = logging.getLogger(__name__)

Handler = Callable[[contexts.RequestContext, Any], Any]


class Server:
    """Listens on a topic, for any message of it and for those to its host."""

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        topic: str,
        host: str,
        handlers: Mapping[str, Handler],
        url: str | None = None,
    ) -> None:
        rows = TOPICS[topic]
        if not set(rows).issuperset(handlers):
            raise TypeError(f"{topic} has no rows for {sorted(set(handlers) - set(rows))}.")
        endpoint = types.SimpleNamespace(
            **{name: _method(name, row, handlers.get(name, _refuse)) for name, row in rows.items()}
        )
        self._transport = open_transport(conf, url)
        self._server = oslo_messaging.get_rpc_server(
            self._transport,
            oslo_messaging.Target(topic=topic, server=host),
            [endpoint],
            executor="threading",
        )
        # its own kind of pool sleeps for up to a second before it sees that it is to end
        self._server._executor_cls = ThreadPoolExecutor  # noqa: SLF001 - no public door

    def start(self, threads: int | None = None) -> None:
        """Begin to listen; `threads` orders at once, else [DEFAULT]executor_thread_pool_size."""
        self._server.start(override_pool_size=threads)

    def stop(self) -> None:
        """Take no more messages, end those under way, close the connection."""
        self._server.stop()
        self._server.wait()
        self._transport.cleanup()


def _method(name: str, row: Call, handler: Handler) -> Callable[..., dict[str, Any] | None]:
    def method(wire: dict[str, Any], order: Any) -> dict[str, Any] | None:
        try:
            reply = _carry_out(row, handler, wire, order)
        except errors.ApplianceError as error:
            LOG.info("%s refused: %s", name, error.message)
            return {"error": envelope.pack_error(error)}
        except Exception as error:
            LOG.exception("%s failed", name)
            return {"error": envelope.pack_error(error)}
        return {"reply": reply}

    return method


def _refuse(_context: contexts.RequestContext, _order: object) -> None:
    raise errors.Unsupported("This daemon does not carry out such orders.")


def _carry_out(row: Call, handler: Handler, wire: dict[str, Any], order: Any) -> Any:
    context = contexts.from_wire(wire)
    context.update_store()
    reply = handler(context, envelope.unpack(order, row.order))
    return None if row.reply is None else envelope.pack(reply)
