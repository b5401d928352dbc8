# SPDX-License-Identifier: Apache-2.0
"""Requests at the same time: quotas hold, and a name is given once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fixtures.compute_api import PROJECT, USER, ComputeApi

THREADS, REQUESTS, LIMIT = 8, 20, 5


def at_once(api: ComputeApi, path: str, bodies: list[Any], version: str) -> list[int]:
    with ThreadPoolExecutor(THREADS) as pool:
        answers = pool.map(lambda body: api.post(path, body, version, who=USER), bodies)
        return sorted(answer.status for answer in answers)


def test_the_quota_of_server_groups_holds(api: ComputeApi) -> None:
    api.put(f"/os-quota-sets/{PROJECT}", {"quota_set": {"server_groups": LIMIT}})
    body = {"server_group": {"name": "g", "policy": "affinity"}}
    got = at_once(api, "/os-server-groups", [body] * REQUESTS, "2.64")
    assert got == [200] * LIMIT + [403] * (REQUESTS - LIMIT)
    listed = api.get("/os-server-groups", "2.64", who=USER).data["server_groups"]
    assert len(listed) == LIMIT


def test_the_quota_of_keypairs_holds(api: ComputeApi) -> None:
    api.put(f"/os-quota-sets/{PROJECT}", {"quota_set": {"key_pairs": LIMIT}})
    bodies = [{"keypair": {"name": f"k{number}"}} for number in range(REQUESTS)]
    got = at_once(api, "/os-keypairs", bodies, "2.2")
    assert got == [201] * LIMIT + [403] * (REQUESTS - LIMIT)


def test_a_name_is_given_once(api: ComputeApi) -> None:
    body = {"keypair": {"name": "k"}}
    got = at_once(api, "/os-keypairs", [body] * THREADS, "2.2")
    assert got == [201] + [409] * (THREADS - 1)
