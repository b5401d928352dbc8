# SPDX-License-Identifier: Apache-2.0
"""Drain and undrain change only what they themselves changed, and refuse with a sentence."""

import importlib.util
from pathlib import Path

import pytest
from keystoneauth1 import exceptions as ksa

FILE = Path(__file__).parents[3] / "roles" / "compute_host" / "library" / "compute_host.py"
SPEC = importlib.util.spec_from_file_location("compute_host", FILE)
module = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(module)


class Host:
    """A compute host as its API would tell of it; moves happen at the next look."""

    name, move, timeout_s = "k1", True, 5

    def __init__(self, *servers, status="enabled", reason=None, refuses=False):
        self.row = {"id": "s1", "status": status, "disabled_reason": reason, "state": "up"}
        self.here = [{"id": n, "name": n, "status": s} for n, s in servers]
        self.refuses, self.asked, self.known = refuses, [], True
        self.agents = [{"id": "a1", "binary": "neutron-linuxbridge-agent"}]

    def service(self):
        return self.row if self.known else None

    def servers(self):
        return list(self.here)

    def network_agents(self):
        return list(self.agents)

    def forget_network_agent(self, agent):
        self.agents.remove(agent)

    def set_status(self, service, status):
        reason = module.REASON if status == "disabled" else None
        self.row |= {"status": status, "disabled_reason": reason}

    def ask(self, method, path, body=None):
        self.asked.append((method, path, body))
        if path.startswith("/os-services"):
            self.known = False
        if path.endswith("/action") and "confirmResize" not in body:
            if self.refuses:
                raise ksa.Conflict("No valid host was found.")
            self.here = [s for s in self.here if s["id"] not in path]
        return {"server": {"status": "ACTIVE"}}


def test_drain_moves_what_runs_live_and_what_is_off_cold():
    host = Host(("a", "ACTIVE"), ("b", "SHUTOFF"))
    assert module.drain(host, dry=False) == ["disabled", "moved a", "moved b"]
    assert host.row["status"] == "disabled"
    deeds = [body for _, path, body in host.asked if path.endswith("/action")]
    assert [next(iter(deed)) for deed in deeds] == ["os-migrateLive", "migrate"]


def test_drain_again_changes_nothing():
    host = Host(status="disabled", reason=module.REASON)
    assert module.drain(host, dry=False) == []


def test_a_drain_that_is_refused_takes_back_what_it_did():
    host = Host(("a", "ACTIVE"), refuses=True)
    with pytest.raises(module.Refused, match="a cannot leave k1: No valid host was found"):
        module.drain(host, dry=False)
    assert host.row["status"] == "enabled"


def test_a_drain_that_is_refused_leaves_a_host_disabled_that_was():
    host = Host(("a", "ERROR"), status="disabled", reason="disk")
    with pytest.raises(module.Refused, match="a on k1 is ERROR and cannot be moved"):
        module.drain(host, dry=False)
    assert host.row == {
        "id": "s1", "status": "disabled", "disabled_reason": "disk", "state": "up",
    }  # fmt: skip


def test_a_dry_drain_tells_and_does_nothing():
    host = Host(("a", "ACTIVE"))
    assert module.drain(host, dry=True) == ["disabled", "move a"]
    assert host.row["status"] == "enabled"


def test_undrain_restores_only_what_drain_changed():
    ours = Host(status="disabled", reason=module.REASON)
    assert module.undrain(ours, dry=False) == ["enabled"]
    theirs = Host(status="disabled", reason="broken fan")
    assert module.undrain(theirs, dry=False) == []
    assert theirs.row["status"] == "disabled"


def test_a_host_with_servers_is_not_forgotten():
    host = Host(("a", "ACTIVE"))
    with pytest.raises(module.Refused, match="still holds 1 servers: a"):
        module.forget(host, dry=False)
    gone = ["forgotten", "forgotten neutron-linuxbridge-agent"]
    assert module.forget(host, dry=True) == gone, "whom a dry run has not moved does not hold it up"
    host.here = []
    assert module.forget(host, dry=False) == gone
    assert module.forget(host, dry=False) == []
    assert module.empty(host, dry=False) == []


def test_an_agent_that_an_interrupted_run_left_is_forgotten():
    host = Host()
    host.known = False
    assert module.forget(host, dry=False) == ["forgotten neutron-linuxbridge-agent"]
    assert host.agents == []
