# SPDX-License-Identifier: Apache-2.0
"""Sends orders: `cast`, `call` and wait, or `hint`. Checked against the rows of rpc/calls."""

from __future__ import annotations

import functools
import threading
from typing import Any

import msgspec
from kombu import exceptions as kombu_errors
from oslo_config import cfg

from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.rpc import envelope, pins
from nova_appliance.rpc.calls.row import Call
from nova_appliance.rpc.calls.topics import TOPICS
from nova_appliance.rpc.courier import Courier
from nova_appliance.rpc.messaging import oslo_messaging
from nova_appliance.rpc.messaging import transport as oslo_transport
from nova_appliance.rpc.transport import open_transport

SEND_RETRIES = 2
"""Reconnections before a send is given up."""

_LOST = (
    oslo_messaging.MessageDeliveryFailure,
    oslo_messaging.MessageUndeliverable,
    kombu_errors.OperationalError,
    OSError,
)


class Bus:
    """The transports of a process, one a URL, opened on first use. Safe for threads."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._lock = threading.Lock()
        self._clients: dict[str | None, Any] = {}
        self._transports: list[oslo_transport.RPCTransport] = []
        self.courier = Courier()

    def to(self, url: str | None) -> Any:
        """oslo.messaging's client for the transport at `url`; None is the configured one."""
        with self._lock:
            if url not in self._clients:
                transport = open_transport(self._conf, url)
                self._transports.append(transport)
                self._clients[url] = oslo_messaging.get_rpc_client(
                    transport,
                    oslo_messaging.Target(),
                    retry=SEND_RETRIES,
                    transport_options=oslo_messaging.TransportOptions(at_least_once=True),
                )
            return self._clients[url]

    def close(self) -> None:
        """Close all connections."""
        self.courier.stop()
        with self._lock:
            for transport in self._transports:
                transport.cleanup()
            self._clients.clear()
            self._transports.clear()


class Client:
    """Speaks to the daemons of one transport; `at` gives the client of another cell's."""

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        known: pins.Pins | None = None,
        bus: Bus | None = None,
        url: str | None = None,
    ) -> None:
        self.conf = conf
        self.pins = known or pins.Pins()
        self._bus = bus or Bus(conf)
        self._url = url

    def at(self, url: str | None) -> Client:
        """Speak to the cell whose transport is `url`; empty or None is our own."""
        return Client(self.conf, self.pins, self._bus, url) if url else self

    def cast(
        self,
        topic: str,
        name: str,
        order: msgspec.Struct,
        context: RequestContext,
        host: str | None = None,
    ) -> None:
        """Send an order without waiting. Raises Unavailable if it cannot be handed over."""
        self._check(topic, name, order, host)
        with _Reachable(topic, host):
            self._to(topic, host).cast(context.as_wire(), name, order=envelope.pack(order))

    def hint(self, topic: str, name: str, order: msgspec.Struct, context: RequestContext) -> None:
        """Cast it from a thread of its own. It may get lost: the caller neither waits nor hears."""
        self._bus.courier.post(functools.partial(self.cast, topic, name, order, context))

    def call(
        self,
        topic: str,
        name: str,
        order: msgspec.Struct,
        context: RequestContext,
        host: str | None = None,
    ) -> Any:
        """Send an order and wait for the reply of its row.

        Raises Unavailable when there is none in time, else the family that the handler raised.
        """
        row = self._check(topic, name, order, host)
        with _Reachable(topic, host):
            answer = self._to(topic, host, row.wait).call(
                context.as_wire(), name, order=envelope.pack(order)
            )
        if "error" in answer:
            envelope.raise_error(answer["error"])
        return envelope.unpack(answer["reply"], row.reply)

    def close(self) -> None:
        """Close the connections of all cells."""
        self._bus.close()

    def _check(self, topic: str, name: str, order: msgspec.Struct, host: str | None) -> Call:
        row = TOPICS[topic][name]
        if not isinstance(order, row.order):
            raise TypeError(f"{topic}.{name} takes a {row.order.__name__}.")
        if row.to_host and host is None:
            raise TypeError(f"{topic}.{name} goes to one host.")
        pins.check(name, row, order, self.pins.of(topic))
        return row

    def _to(self, topic: str, host: str | None, timeout: float | None = None) -> Any:
        return self._bus.to(self._url).prepare(topic=topic, server=host, timeout=timeout)


class _Reachable:
    """Turns the transport's errors into Unavailable."""

    def __init__(self, topic: str, host: str | None) -> None:
        self._whom = f"nova-{topic}" + (f" on {host}" if host else "")

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, oslo_messaging.MessagingTimeout):
            raise errors.Unavailable(f"{self._whom} did not answer in time.") from error
        if isinstance(error, _LOST):
            raise errors.Unavailable(f"{self._whom} cannot be reached.") from error
