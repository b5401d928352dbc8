# SPDX-License-Identifier: Apache-2.0
"""The EC2 API as a WSGI application over fresh databases, its neighbours stood in for."""

import urllib.parse
import xml.etree.ElementTree as ET

import pytest
import webtest
from fixtures.compute_api import make_compute_api

from nova_appliance.clients.ec2_tokens import Signer
from nova_appliance.ec2.app import make_app

PROJECT = "aaaabbbbccccddddeeeeffff00001111"


class Tokens:
    """Takes every signature; keeps what it was asked."""

    def __init__(self):
        self.asked = []
        self.roles = ("member", "reader")
        self.refuse = False

    def check(self, signed):
        self.asked.append(signed)
        if self.refuse:
            return None
        return Signer(user_id="u1", project_id=PROJECT, roles=self.roles, token="t")


class Rows:
    """A network service with nothing in it, or with what a test puts there."""

    def __init__(self):
        self.kept = {}

    def list_(self, _context, plural, **filters):
        rows = self.kept.get(plural, ())
        return tuple(row for row in rows if all(self._fits(row, *one) for one in filters.items()))

    def _fits(self, row, name, value):
        return (
            name not in row
            or row[name] == value
            or (isinstance(value, list) and row[name] in value)
        )


class Networks:
    def usable(self, *_):
        return ()


class Images:
    def list_(self, _context, _query=None):
        return ()


class Ec2:
    """`ask(Action="DescribeRegions")` gives (status, root element without namespaces)."""

    def __init__(self, folder):
        self.api = make_compute_api(folder, images=Images(), networks=Networks())
        self.tokens, self.rows = Tokens(), Rows()
        self.app = webtest.TestApp(make_app(self.api.cloud, self.tokens, self.rows))

    def ask(self, pairs=(), **params):
        given = [*self.signed().items(), *dict(params).items(), *pairs]
        answer = self.app.post("/", urllib.parse.urlencode(given), status="*")
        return answer.status_int, parse(answer.body)

    def code(self, pairs=(), **params):
        status, root = self.ask(pairs, **params)
        return status, root.findtext("Errors/Error/Code")

    def signed(self):
        now = self.api.cloud.clock.now()
        return {
            "AWSAccessKeyId": "AK", "SignatureVersion": "2", "SignatureMethod": "HmacSHA256",
            "Signature": "x", "Timestamp": f"{now:%Y-%m-%dT%H:%M:%SZ}", "Version": "2016-11-15",
        }  # fmt: skip


def parse(body):
    root = ET.fromstring(body)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


@pytest.fixture
def ec2(tmp_path):
    return Ec2(tmp_path)
