# SPDX-License-Identifier: Apache-2.0
"""Changes a password inside a guest by its agent; who asks waits until it is done."""

from __future__ import annotations

from nova_appliance.actions import outcome
from nova_appliance.actions.begin import Wanted, begin
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.orders import PasswordOrder
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.domain.saga import SagaRow
from nova_appliance.domain.server import Server

VERB = "changePassword"


def change_password(cloud: Cloud, context: RequestContext, server: Server, password: str) -> None:
    """Change it. Raises Conflict when the guest or its agent cannot, Unsupported."""
    try:
        outcome.of(cloud, begin_change(cloud, context, server, password))
    except errors.Refused as error:
        raise errors.Conflict(f"Failed to set admin password: {error.message}") from error


def begin_change(cloud: Cloud, context: RequestContext, server: Server, password: str) -> SagaRow:
    """Begin to change it. Raises Conflict."""
    order = PasswordOrder(verb=VERB, password=password)
    return begin(cloud, context, server, Wanted(verb=VERB, saga="change_password", order=order))
