# SPDX-License-Identifier: Apache-2.0
"""No secret of the cluster is seen by who may log in on a host: not in a process list, a journal, or a file for all."""

import stat

import pytest
import yaml

pytestmark = pytest.mark.timeout(900)
PRINTABLE = "tr -cd '\\11\\12\\40-\\176'"
LOOKS = {
    "command lines": f"cat /proc/[0-9]*/cmdline 2>/dev/null | {PRINTABLE}",
    "environments of units": f"systemctl show '*' -p Environment -p ExecStart | {PRINTABLE}",
    "journal": f"journalctl --no-pager -o cat | {PRINTABLE}",
    "files for all": "find /etc /var/log /var/lib/nova /opt/nova-appliance -xdev -type f -perm -o=r -size -4096k"
    " -not -path '*/site-packages/*' -not -path '*/ssl/certs/*' -print0"
    f" | xargs -0 --no-run-if-empty cat 2>/dev/null | {PRINTABLE}",
}
SHORTEST = 16
"""Shorter words would be found by chance."""


@pytest.fixture(scope="module")
def secrets(cloud):
    """What the deployer made up, name > value."""
    words = yaml.safe_load((cloud.lab.folder / "secrets" / "secrets.yml").read_text())
    assert {"nova_db", "rabbitmq", "keystone_admin"} <= set(words)
    assert min(len(str(word)) for word in words.values()) >= SHORTEST
    return words


def test_the_deployers_secrets_are_its_owners_alone(cloud):
    folder = cloud.lab.folder / "secrets"
    for name in ("secrets.yml", "clouds.yaml"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name
    for key in folder.rglob("*key*.pem"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600, key


@pytest.mark.parametrize("look", LOOKS)
def test_nobody_who_logs_in_sees_a_secret(cloud, servers, secrets, look):
    assert servers
    for host in cloud.lab.hosts:
        seen = cloud.on(host.name, LOOKS[look], timeout_s=180)
        assert seen.strip(), "nothing was looked at"
        assert [name for name, word in secrets.items() if str(word) in seen] == [], host.name
