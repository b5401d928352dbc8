# SPDX-License-Identifier: Apache-2.0
"""Whatever is asked of volumes: an answer in Cinder's dialect, never a 500."""

from __future__ import annotations

from fixtures.any_request import ask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nova_appliance.embedded.volumes.actions import DEEDS
from nova_appliance.embedded.volumes.app import ROUTES

WORDS = [
    "volume", "snapshot", "attachment", "metadata", "meta", "quota_set", "size", "name", "imageRef",
    "snapshot_id", "source_volid", "volume_id", "volume_uuid", "instance_uuid", "connector", "mode",
    "volumes", "new_size", "status", "bootable", "key", "image_name", "disk_format", "force",
    "sort", "sort_key", "sort_dir", "limit", "marker", "offset", "all_tenants", "usage", "cascade",
    "os-complete", *DEEDS,
]  # fmt: skip
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from([*WORDS, "\ud800", "%00", "{'a': 1}", "name:asc"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=12,
)
BODIES = st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=2) | VALUES
CASES = st.sampled_from([(path, method) for path in ROUTES for method in ROUTES[path]])
QUERIES = st.dictionaries(st.sampled_from(WORDS), st.text(), max_size=2)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(case=CASES, body=BODIES, query=QUERIES, data=st.data(), as_admin=st.booleans())
def test_no_request_is_answered_with_500(rig, case, body, query, data, as_admin):
    path, method = case
    known = rig.ask("GET", "volumes?name=known")["volumes"] or [rig.volume(name="known")]
    ids = st.sampled_from([known[0]["id"], "none", "%FF", "..", "%00", "a.json", "x" * 300])
    project = rig.id("projects", "admin" if as_admin else "demo")
    blanks = {"{project}": st.just(project)}
    parts = [
        data.draw(blanks.get(part, ids)) if part.startswith("{") else part
        for part in path.split("/")
    ]
    headers = rig.as_("admin", "admin") if as_admin else rig.as_("demo", "demo")
    answer = ask(rig.app, (method, "/".join(parts)), headers, body, query)
    assert answer.status_int != 500, answer.text
    if answer.status_int >= 400 and method != "HEAD":
        (fault,) = answer.json.values()
        assert fault["code"] == answer.status_int
