# SPDX-License-Identifier: Apache-2.0
"""What quotas limit: the table of resources, and what a project uses."""

from __future__ import annotations

import msgspec

UNLIMITED = -1


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One limited thing; `name` is its word in the quota tables and in os-quota-sets."""

    name: str
    option: str | None = None
    """Name of its default in [quota]; None: no limit unless one is set."""
    counted: bool = False
    """Whether present use counts against it; else it bounds one request."""
    by_user: bool = False
    """Whether a user can have a limit and a use of their own inside the project."""


RESOURCES = {
    row.name: row
    for row in (
        Resource(name="instances", option="instances", counted=True, by_user=True),
        Resource(name="cores", option="cores", counted=True, by_user=True),
        Resource(name="ram", option="ram", counted=True, by_user=True),
        Resource(name="metadata_items", option="metadata_items"),
        Resource(name="injected_files", option="injected_files"),
        Resource(name="injected_file_content_bytes", option="injected_file_content_bytes"),
        Resource(name="injected_file_path_bytes", option="injected_file_path_length"),
        Resource(name="key_pairs", option="key_pairs", by_user=True),
        Resource(name="server_groups", option="server_groups", counted=True, by_user=True),
        Resource(name="server_group_members", option="server_group_members", by_user=True),
        Resource(name="fixed_ips"),
        Resource(name="floating_ips"),
        Resource(name="security_groups"),
        Resource(name="security_group_rules"),
    )
}
"""key_pairs belong to users and server_group_members to groups: no use of a project exists.
The last four are kept for old microversions only: the network service has these quotas."""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What living servers of a project (or of one user in it) hold."""

    servers: int = 0
    vcpus: int = 0
    memory_mib: int = 0
    server_groups: int = 0

    def as_resources(self) -> dict[str, int]:
        """Return the counts under the names of the resources; 0 for what is not counted."""
        counts = {
            "instances": self.servers,
            "cores": self.vcpus,
            "ram": self.memory_mib,
            "server_groups": self.server_groups,
        }
        return {name: counts.get(name, 0) for name in RESOURCES}


def has_room(limit: int, used: int, more: int = 0) -> bool:
    """Whether `used` and `more` stay within `limit`."""
    return limit == UNLIMITED or used + more <= limit
