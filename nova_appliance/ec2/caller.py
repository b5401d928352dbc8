# SPDX-License-Identifier: Apache-2.0
"""What an action is given: who calls, in which version, and the cloud it works on."""

from __future__ import annotations

import dataclasses

from nova_appliance.actions.cloud import Cloud
from nova_appliance.clients.network_rows import NetworkRows
from nova_appliance.clients.objects import Objects
from nova_appliance.common.context import RequestContext
from nova_appliance.ec2.names import Names


@dataclasses.dataclass(frozen=True)
class Caller:
    """One call's surroundings; actions are `f(caller, params) -> dict`."""

    cloud: Cloud
    context: RequestContext
    rows: NetworkRows
    names: Names
    version: str
    url: str
    """Where this API answers, as the caller reached it."""
    objects: Objects | None = None
    """Where images are registered from; None where there is nothing."""

    @property
    def project_id(self) -> str:
        """The caller's project: EC2's account."""
        return str(self.context.project_id)

    @property
    def user_id(self) -> str:
        """The caller's user."""
        return str(self.context.user_id)

    @property
    def region(self) -> str:
        """The region that this cloud is."""
        return str(self.cloud.conf.service_user.region_name)
