# SPDX-License-Identifier: Apache-2.0
"""Tells listeners outside that a host is looked for, and that none was found."""

from __future__ import annotations

from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import bodies, nouns
from nova_appliance.actions.notices.forms import Two, tell
from nova_appliance.actions.notices.wire import wrap
from nova_appliance.domain.saga import SagaError
from nova_appliance.domain.server import Server
from nova_appliance.rpc.orders import ChooseHosts


def compute_task(cloud: Cloud, method: str, server: Server, error: SagaError) -> None:
    """Tell that no host was found for a server; `method` is such as build_instances."""
    facts = {
        "instance_uuid": server.id,
        "request_spec": None,
        "state": server.state,
        "reason": bodies.fault(error),
    }
    old = {
        "instance_id": server.id,
        "method": method,
        "reason": error.message,
        "state": server.state,
        "request_spec": {},
        "instance_properties": {},
    }
    two = Two(
        event=f"compute_task.{method}.error",
        publisher=f"nova-conductor:{cloud.conf.host}",
        body=lambda: wrap("ComputeTaskPayload", "1.0", facts),
        old=(f"compute_task.{method}", f"compute_task.{cloud.conf.host}", old),
        is_error=True,
    )
    tell(cloud, two)


def select_destinations(cloud: Cloud, phase: str, asked: ChooseHosts) -> None:
    """Tell that a host is being looked for, or was; start and end."""
    old = {"request_spec": {"instance_uuids": [asked.server_id], "num_instances": 1}}
    two = Two(
        event=f"scheduler.select_destinations.{phase}",
        publisher=f"nova-scheduler:{cloud.conf.host}",
        body=lambda: nouns.request_spec(asked),
        old=(f"scheduler.select_destinations.{phase}", f"scheduler.{cloud.conf.host}", old),
    )
    tell(cloud, two)
