# SPDX-License-Identifier: Apache-2.0
"""Whatever is asked of images: an answer in its dialect, never a 500."""

from __future__ import annotations

from fixtures.any_request import ask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nova_appliance.embedded.images.app import ROUTES

WORDS = [
    "id",
    "name",
    "disk_format",
    "container_format",
    "visibility",
    "protected",
    "os_hidden",
    "owner",
    "min_disk",
    "min_ram",
    "tags",
    "status",
    "size",
    "sort",
    "sort_key",
    "sort_dir",
    "limit",
    "marker",
    "tag",
    "created_at",
    "method",
    "op",
    "path",
    "value",
    "size_min",
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(
        [
            *WORDS,
            "raw",
            "bare",
            "public",
            "gt:2031",
            "glance-direct",
            "replace",
            "/name",
            "/tags/0",
            "\ud800",
            "%00",
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=12,
)
UUID = "6d1f5a2e-3c0b-4b5e-9c57-0d6b7c2a9e11"
PATCHES = st.lists(
    st.fixed_dictionaries(
        {
            "op": st.sampled_from(["add", "replace", "remove"]),
            "path": st.sampled_from([f"/{word}" for word in WORDS] + ["/tags/0", "/tags/-"]),
            "value": VALUES,
        }
    ),
    max_size=3,
)
BODIES = PATCHES | st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=4) | VALUES
IDS = st.sampled_from(["none", UUID, "%FF", "..", "%00", "a.json", "x" * 300])
JSON, BYTES = "application/json", "application/octet-stream"
PATCH = "application/openstack-images-v2.1-json-patch"
CASES = st.sampled_from([(path, method) for path in ROUTES for method in ROUTES[path]])
QUERIES = st.dictionaries(st.sampled_from(WORDS), st.text(), max_size=2)


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(case=CASES, body=BODIES, query=QUERIES, data=st.data(), as_admin=st.booleans())
def test_no_request_is_answered_with_500(rig, case, body, query, data, as_admin):
    path, method = case
    parts = [data.draw(IDS) if part.startswith("{") else part for part in path.split("/")]
    headers = rig.admin if as_admin else rig.demo
    if rig.app.get(f"/v2/images/{UUID}", headers=rig.admin, expect_errors=True).status_int == 404:
        rig.create(id=UUID, disk_format="raw", container_format="bare")
    kind = PATCH if method == "PATCH" else BYTES if "file" in path or "stage" in path else JSON
    answer = ask(rig.app, (method, "/".join(parts)), headers, body, query, kind=kind)
    assert answer.status_int != 500, answer.text
    if answer.status_int >= 400 and method != "HEAD":
        assert f"<title>{answer.status_int}" in answer.text
