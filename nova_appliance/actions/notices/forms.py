# SPDX-License-Identifier: Apache-2.0
"""The two forms in which listeners outside are told of one thing; those of servers stand apart."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from typing import Any

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import context as contexts
from nova_appliance.domain.notice import Notice

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Two:
    """The two forms of one notice; `old` of those that have none is None."""

    event: str
    publisher: str
    body: Callable[[], dict[str, Any]]
    old: tuple[str, str, dict[str, Any]] | None = None
    """Event, publisher and body."""
    is_error: bool = False


def tell(cloud: Cloud, two: Two) -> None:
    """Have it told, in the forms that are wanted. Never fails and never waits."""
    notifier = cloud.notifier
    if notifier is None or not notifier.is_on:
        return
    context = contexts.current()
    try:
        if notifier.tells_versioned:
            body = two.body()
            notice = Notice(
                event=two.event,
                publisher=two.publisher,
                body=body,
                is_versioned=True,
                is_error=two.is_error,
            )
            notifier.post(context, notice)
        if notifier.tells_unversioned and two.old is not None:
            event, publisher, body = two.old
            notice = Notice(
                event=event,
                publisher=publisher,
                body=body,
                is_versioned=False,
                is_error=two.is_error,
            )
            notifier.post(context, notice)
    except Exception:
        LOG.exception("nobody was told of %s", two.event)
