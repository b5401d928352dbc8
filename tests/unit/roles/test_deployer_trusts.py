# SPDX-License-Identifier: Apache-2.0
"""A deployer's clients believe the cloud's own authority and those of neighbours elsewhere, by one file."""

import http.server
import json
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests
import yaml
from fixtures.pki import Pki

ROOT = Path(__file__).parents[3]
ISSUE = ROOT / "roles" / "certificates" / "tasks" / "issue.yml"


@pytest.fixture
def serving():
    """Serves by HTTPS with the certificate in a folder; its URL."""
    servers = []

    def serve(place):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(place / "cert.pem", place / "key.pem")
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler
        )
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return f"https://127.0.0.1:{server.server_port}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_both_authorities_are_believed_by_one_file(tmp_path, serving):
    ours, theirs, nobodys = (Pki(tmp_path / name).begin() for name in ("ours", "theirs", "nobodys"))
    urls = [serving(pki.host("host", "127.0.0.1")) for pki in (ours, theirs, nobodys)]
    given = {
        "certificates_authority": str(ours.root.parent),
        "certificates_deployer_trusts": str(theirs.root),
    }
    (task,) = (one for one in yaml.safe_load(ISSUE.read_text()) if "trusted.pem" in str(one))
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    said = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", tmp_path / "play.yml", "-e", json.dumps(given)],
        check=False, cwd=ROOT, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout + said.stderr
    trusted = str(ours.root.parent / "trusted.pem")
    for url in urls[:2]:
        assert requests.get(url, verify=trusted, timeout=20).ok
    for url, trust in ((urls[1], str(ours.root)), (urls[2], trusted)):
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(url, verify=trust, timeout=20)
