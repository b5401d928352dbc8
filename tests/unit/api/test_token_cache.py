# SPDX-License-Identifier: Apache-2.0
"""The cache of tokens: bounded in time and number."""

from nova_appliance.api import token_cache
from nova_appliance.common.clock import Clock


def test_values_age():
    now = [0.0]
    cache = token_cache.TokenCache(Clock(monotonic=lambda: now[0]))
    cache.set("a", "1", time=10)
    assert cache.get("a") == "1"
    now[0] = 10.5
    assert cache.get("a") is None
    assert cache.get("b") is None


def test_the_oldest_go(monkeypatch):
    monkeypatch.setattr(token_cache, "MOST", 2)
    cache = token_cache.TokenCache()
    for key in ("a", "b", "a", "c"):
        cache.set(key, key)
    assert [cache.get(key) for key in "abc"] == ["a", None, "c"]
