# SPDX-License-Identifier: Apache-2.0
"""Who asks: the request context that API, actions, RPC and logs carry along."""

from __future__ import annotations

from typing import Any

from oslo_context import context as oslo_context

from nova_appliance.common import ids


class RequestContext(oslo_context.RequestContext):
    """oslo.context's RequestContext: user_id, project_id, roles, is_admin, request_id, ...

    `project_id` and `user_id` are None only for the services' own background work.
    """

    def as_wire(self) -> dict[str, Any]:
        """The part that travels with an RPC message; it carries no token."""
        return {
            "user_id": self.user_id,
            "project_id": self.project_id,
            "roles": list(self.roles or ()),
            "is_admin": bool(self.is_admin),
            "request_id": self.request_id,
        }


def from_wire(values: dict[str, Any]) -> RequestContext:
    """Rebuild the context that `as_wire` flattened; unknown keys of newer releases are dropped."""
    known = ("user_id", "project_id", "roles", "is_admin", "request_id")
    return RequestContext(**{key: values[key] for key in known if key in values}, overwrite=False)


def for_background() -> RequestContext:
    """A context for work that nobody asked for: periodic jobs, recovery, start-up."""
    return RequestContext(is_admin=True, request_id=ids.new_request_id(), overwrite=False)


def current() -> RequestContext:
    """The context of the request that this thread works on; one for background work if none."""
    found = oslo_context.get_current()
    return found if isinstance(found, RequestContext) else for_background()
