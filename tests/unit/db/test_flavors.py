# SPDX-License-Identifier: Apache-2.0
"""Flavors in the database: visibility, order, pages, access and extra specs."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from nova_appliance.common import errors
from nova_appliance.db import flavors
from nova_appliance.domain.flavor import Flavor


def make(flavor_id: str, **fields: object) -> Flavor:
    values = {"name": f"n-{flavor_id}", "vcpus": 1, "memory_mib": 512, "root_gib": 1, **fields}
    return Flavor(id=flavor_id, **values)  # type: ignore[arg-type]


def ids(found: tuple[Flavor, ...]) -> list[str]:
    return [flavor.id for flavor in found]


def test_what_is_added_comes_back(conn: sa.Connection) -> None:
    stored = flavors.add(conn, make("1", extra_specs={"hw:cpu_policy": "shared"}, swap_mib=7))
    assert flavors.get(conn, "1") == stored
    assert stored.row
    assert stored.created_at is not None
    assert stored.extra_specs == {"hw:cpu_policy": "shared"}


def test_id_and_name_are_unique(conn: sa.Connection) -> None:
    flavors.add(conn, make("1"))
    with pytest.raises(errors.Conflict, match="ID 1 "):
        flavors.add(conn, make("1", name="other"))
    with pytest.raises(errors.Conflict, match="name n-1 "):
        flavors.add(conn, make("2", name="n-1"))


def test_private_flavors_are_seen_by_those_listed(conn: sa.Connection) -> None:
    flavors.add(conn, make("pub"))
    flavors.add(conn, make("mine", is_public=False), ("p1",))
    assert flavors.get(conn, "mine", "p1") is not None
    assert flavors.get(conn, "mine", "p2") is None
    assert ids(flavors.list_(conn, flavors.Query(is_public=True, project_id="p1"))) == [
        "mine",
        "pub",
    ]
    assert ids(flavors.list_(conn, flavors.Query(is_public=True, project_id="p2"))) == ["pub"]
    assert ids(flavors.list_(conn, flavors.Query(is_public=False))) == ["mine"]
    assert ids(flavors.list_(conn, flavors.Query())) == ["mine", "pub"]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("key", sorted(flavors.SORT_KEYS))
def test_pages_in_any_order_show_each_flavor_once(
    conn: sa.Connection, key: str, descending: bool
) -> None:
    for number in range(5):
        flavors.add(
            conn,
            make(
                f"f{number}",
                vcpus=1 + number % 2,
                rxtx_factor=1.1,
                description=[None, "x"][number % 2],
            ),
        )
    flavors.change(conn, "f3", description="y")
    whole = flavors.list_(conn, flavors.Query(sort_key=key, descending=descending))
    pages: list[str] = []
    marker = None
    while True:
        query = flavors.Query(sort_key=key, descending=descending, marker=marker, limit=2)
        page = ids(flavors.list_(conn, query))
        if not page:
            break
        pages += page
        marker = page[-1]
    assert pages == ids(whole)
    assert len(pages) == 5


def test_filters(conn: sa.Connection) -> None:
    flavors.add(conn, make("small"))
    flavors.add(conn, make("big", memory_mib=4096, root_gib=20))
    flavors.add(conn, make("off", disabled=True))
    assert ids(flavors.list_(conn, flavors.Query(min_memory_mib=4096))) == ["big"]
    assert ids(flavors.list_(conn, flavors.Query(min_root_gib=2))) == ["big"]
    assert ids(flavors.list_(conn, flavors.Query(name="n-small"))) == ["small"]
    assert ids(flavors.list_(conn, flavors.Query(disabled=False))) == ["big", "small"]


def test_unknown_marker_is_a_bad_request(conn: sa.Connection) -> None:
    with pytest.raises(errors.Invalid, match="marker"):
        flavors.list_(conn, flavors.Query(marker="nope"))


def test_extra_specs_merge_and_go(conn: sa.Connection) -> None:
    flavors.add(conn, make("1", extra_specs={"a": "1"}))
    assert flavors.merge_extra_specs(conn, "1", {"b": "2"})
    assert flavors.remove_extra_spec(conn, "1", "a")
    assert not flavors.remove_extra_spec(conn, "1", "a")
    assert not flavors.merge_extra_specs(conn, "gone", {"b": "2"})
    found = flavors.get(conn, "1")
    assert found is not None
    assert found.extra_specs == {"b": "2"}


def test_access_list(conn: sa.Connection) -> None:
    flavor = flavors.add(conn, make("1", is_public=False))
    flavors.add_access(conn, flavor, "p1")
    with pytest.raises(errors.Conflict):
        flavors.add_access(conn, flavor, "p1")
    assert flavors.access(conn, flavor) == ("p1",)
    assert flavors.remove_access(conn, flavor, "p1")
    assert not flavors.remove_access(conn, flavor, "p1")


def test_removing_takes_the_access_list_along(conn: sa.Connection) -> None:
    flavor = flavors.add(conn, make("1", is_public=False), ("p1",))
    assert flavors.remove(conn, "1")
    assert not flavors.remove(conn, "1")
    assert flavors.access(conn, flavor) == ()
