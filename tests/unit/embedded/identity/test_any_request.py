# SPDX-License-Identifier: Apache-2.0
"""Whatever is asked of identity: an answer in its dialect, never a 500."""

from __future__ import annotations

from fixtures.any_request import ask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nova_appliance.embedded.identity.app import ROUTES
from nova_appliance.embedded.identity.service import open_identity

WORDS = [
    "id",
    "name",
    "domain",
    "domain_id",
    "project",
    "user",
    "role",
    "enabled",
    "password",
    "type",
    "blob",
    "url",
    "interface",
    "roles",
    "service_id",
    "tenant_id",
    "user_id",
    "expires_at",
    "unrestricted",
    "methods",
    "identity",
    "scope",
    "auth",
    "secret",
    "token",
    "credential",
    "application_credential",
    "endpoint",
    "region",
    "service",
    "description",
    "links",
    "options",
    "system",
    "all",
    "original_password",
    "region_id",
    "default_project_id",
    "parent_id",
    "is_domain",
    "project_id",
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(
        [*WORDS, "default", "admin", "demo", "password", "2031-01-01", "\ud800", "%00"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=12,
)
BODIES = st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=4) | VALUES
IDS = st.sampled_from(["default", "RegionOne", "none", "%FF", "..", "%00", "a.json", "x" * 300])
CASES = st.sampled_from([(path, method) for path in ROUTES for method in ROUTES[path]])
QUERIES = st.dictionaries(st.sampled_from([*WORDS, "user.id", "effective"]), st.text(), max_size=2)


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(case=CASES, body=BODIES, query=QUERIES, data=st.data(), as_admin=st.booleans())
def test_no_request_is_answered_with_500(rig, case, body, query, data, as_admin):
    path, method = case
    parts = [data.draw(IDS) if part.startswith("{") else part for part in path.split("/")]
    with open_identity(rig.settings).store.write() as tx:
        tx.run("UPDATE domains SET enabled = 1")  # a request before may have locked all out
    headers = rig.admin() if as_admin else rig.demo()
    answer = ask(rig.app, (method, "/".join(parts)), headers, body, query)
    assert answer.status_int != 500, answer.text
    if answer.status_int >= 400 and method != "HEAD":
        assert answer.json["error"]["code"] == answer.status_int
