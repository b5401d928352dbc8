# SPDX-License-Identifier: Apache-2.0
"""The network that Neutron makes by itself for a project that has none (auto-allocated topology)."""

from __future__ import annotations

from nova_appliance.clients.neutron import Neutron
from nova_appliance.common import errors


class Topologies:
    """Network, subnets and a router to the outside, of a project; safe for threads."""

    def __init__(self, neutron: Neutron) -> None:
        self._neutron = neutron

    def network_of(self, project_id: str) -> str:
        """Id of the project's network, made the first time; asked for at once, all get the same.

        Raises Invalid when the service does not do that: it has no such extension, no default
        outside network or no default pool of subnets, or the project's quota is used up.
        """
        try:
            return self._neutron.topology(project_id)
        except (errors.NotFound, errors.Invalid, errors.Conflict, errors.Unsupported) as error:
            raise errors.Invalid(
                f"Unable to automatically allocate a network for project {project_id}"
            ) from error
