# SPDX-License-Identifier: Apache-2.0
"""What may be done with flavors: find, list, create, describe, delete; access and extra specs."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import msgspec

from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import things
from nova_appliance.common import errors, ids
from nova_appliance.db import flavors
from nova_appliance.db.engines import Connection
from nova_appliance.domain.flavor import Flavor

AUTO = "auto"
"""The id of a flavor for which an id is to be made up."""


def find(cloud: Cloud, flavor_id: str, project_id: str | None = None) -> Flavor:
    """The flavor of that id, if the project may use it. Raises NotFound."""
    with cloud.cells.api.read() as conn:
        found = flavors.get(conn, flavor_id, project_id)
    if found is None:
        raise _missing(flavor_id)
    return found


def page(cloud: Cloud, query: flavors.Query) -> tuple[Flavor, ...]:
    """Flavors that match. Raises Invalid for an unknown marker."""
    with cloud.cells.api.read() as conn:
        return flavors.list_(conn, query)


def create(cloud: Cloud, flavor: Flavor) -> Flavor:
    """Store a flavor; without an id it gets one. Raises Conflict when id or name is taken."""
    if flavor.id in ("", AUTO):
        flavor = _with_id(flavor, ids.new_id())
    made = cloud.cells.api.transact(lambda conn: flavors.add(conn, flavor))
    things.flavor(cloud, "create", made, ())
    return made


def describe(cloud: Cloud, flavor_id: str, description: str | None) -> Flavor:
    """Set the description, the only thing of a flavor that may change. Raises NotFound."""

    def work(conn: Connection) -> Flavor | None:
        flavors.change(conn, flavor_id, description=description)
        return flavors.get(conn, flavor_id)

    changed = cloud.cells.api.transact(work)
    if changed is None:
        raise _missing(flavor_id)
    things.flavor(cloud, "update", changed)
    return changed


def delete(cloud: Cloud, flavor_id: str) -> None:
    """Delete a flavor; servers made of it keep their copy. Raises NotFound."""
    flavor = find(cloud, flavor_id)
    if not cloud.cells.api.transact(lambda conn: flavors.remove(conn, flavor_id)):
        raise _missing(flavor_id)
    things.flavor(cloud, "delete", flavor)


def access(cloud: Cloud, flavor: Flavor) -> tuple[str, ...]:
    """Projects that may use a private flavor."""
    with cloud.cells.api.read() as conn:
        return flavors.access(conn, flavor)


def allow(cloud: Cloud, flavor: Flavor, project_id: str) -> tuple[str, ...]:
    """Let a project use a flavor; who may now. Raises Conflict when it already may."""

    def work(conn: Connection) -> tuple[str, ...]:
        flavors.add_access(conn, flavor, project_id)
        return flavors.access(conn, flavor)

    return _changed(cloud, flavor, cloud.cells.api.transact(work))


def forbid(cloud: Cloud, flavor: Flavor, project_id: str) -> tuple[str, ...]:
    """Take a project's access away; who may now. Raises NotFound when it had none."""

    def work(conn: Connection) -> tuple[str, ...]:
        if not flavors.remove_access(conn, flavor, project_id):
            raise errors.NotFound(f"Flavor access not found for {flavor.id} / {project_id}.")
        return flavors.access(conn, flavor)

    return _changed(cloud, flavor, cloud.cells.api.transact(work))


def _changed(cloud: Cloud, flavor: Flavor, projects: tuple[str, ...]) -> tuple[str, ...]:
    things.flavor(cloud, "update", flavor, projects)
    return projects


def set_extra_specs(cloud: Cloud, flavor_id: str, specs: Mapping[str, str]) -> None:
    """Add or replace some extra specs. Raises NotFound."""
    if not cloud.cells.api.transact(lambda conn: flavors.merge_extra_specs(conn, flavor_id, specs)):
        raise _missing(flavor_id)
    _tell_update(cloud, flavor_id)


def unset_extra_spec(cloud: Cloud, flavor_id: str, key: str) -> None:
    """Take one extra spec away. Raises NotFound when flavor or key is not there."""
    if not cloud.cells.api.transact(lambda conn: flavors.remove_extra_spec(conn, flavor_id, key)):
        find(cloud, flavor_id)
        raise no_extra_spec(flavor_id, key)
    _tell_update(cloud, flavor_id)


def _tell_update(cloud: Cloud, flavor_id: str) -> None:
    """A flavor that was deleted meanwhile is told of by who did it; a database away tells nobody."""
    if cloud.notifier is not None and cloud.notifier.is_on:
        with contextlib.suppress(errors.NotFound, errors.Unavailable):
            things.flavor(cloud, "update", find(cloud, flavor_id))


def no_extra_spec(flavor_id: str, key: str) -> errors.NotFound:
    """The error for a key that a flavor does not have."""
    return errors.NotFound(f"Flavor {flavor_id} has no extra specs with key {key}.")


def _with_id(flavor: Flavor, flavor_id: str) -> Flavor:
    return msgspec.structs.replace(flavor, id=flavor_id)


def _missing(flavor_id: str) -> errors.NotFound:
    return errors.NotFound(f"Flavor {flavor_id} could not be found.")
