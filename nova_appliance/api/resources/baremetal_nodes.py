# SPDX-License-Identifier: Apache-2.0
"""The old proxy to bare metal (to 2.35): there is none behind it, and it never changed anything."""

from __future__ import annotations

from typing import Any

from nova_appliance.api.operation import Operation, operation
from nova_appliance.api.policies import usage as rules
from nova_appliance.api.request import Request
from nova_appliance.common import errors

LAST = "2.35"


@operation(policy=rules.NODES_LIST, errors=(404, 501), until=LAST)
def index(_req: Request) -> Any:
    """GET /os-baremetal-nodes."""
    raise _no_ironic()


@operation(policy=rules.NODES_SHOW, errors=(404, 501), until=LAST)
def show(_req: Request, _node_id: str) -> Any:
    """GET /os-baremetal-nodes/{node_id}."""
    raise _no_ironic()


def _refused(command: str) -> Operation:
    def refuse(_req: Request, *_ids: str) -> Any:
        raise errors.Invalid(
            f"Command Not supported. Please use Ironic command {command} to perform this action."
        )

    return Operation(refuse, errors=(400,), until=LAST)


create, delete = _refused("node-create"), _refused("node-delete")
add_interface, remove_interface = _refused("port-create"), _refused("port-delete")


def _no_ironic() -> errors.Unsupported:
    return errors.Unsupported("There is no bare metal service that this cloud could ask.")
