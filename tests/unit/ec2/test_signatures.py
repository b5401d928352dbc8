# SPDX-License-Identifier: Apache-2.0
"""What botocore signs is read as Keystone wants it, and a secret gives the same signature."""

import datetime as dt
import hmac
import io
import urllib.parse

import pytest
from botocore.auth import SigV2Auth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from nova_appliance.ec2 import request, signatures
from nova_appliance.ec2.faults import Fault
from nova_appliance.embedded.identity import signing

SECRET = "s3cret/with+signs"
KEYS = Credentials("AKIDEXAMPLE", SECRET)
PARAMS = {"Action": "DescribeInstances", "Version": "2016-11-15", "Filter.1.Name": "a b*~é&="}
HOST = "ec2.example.org:8773"


def now():
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def as_wsgi(sent):
    """The signed request as the application gets it."""
    parts = urllib.parse.urlsplit(sent.url)
    body = sent.body or b""
    body = body if isinstance(body, bytes) else body.encode()
    environ = {
        "REQUEST_METHOD": sent.method, "PATH_INFO": parts.path, "QUERY_STRING": parts.query,
        "HTTP_HOST": parts.netloc, "CONTENT_LENGTH": str(len(body)), "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body), "SERVER_NAME": "x", "SERVER_PORT": "1",
    }  # fmt: skip
    for name, value in sent.headers.items():
        key = name.upper().replace("-", "_")
        text = value.decode() if isinstance(value, bytes) else value
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = text
    return environ


def version_2(method):
    body = {"data": dict(PARAMS)} if method == "POST" else {"params": dict(PARAMS)}
    sent = AWSRequest(method=method, url=f"http://{HOST}/", **body)
    SigV2Auth(KEYS).add_auth(sent)
    prepared = sent.prepare()
    if method == "POST":
        prepared.headers["Content-Type"] = request.FORM
    return as_wsgi(prepared)


def version_4(_method="POST"):
    headers = {"Content-Type": request.FORM, "X-Odd": "a   b"}
    sent = AWSRequest(
        method="POST", url=f"http://{HOST}/", data=urllib.parse.urlencode(PARAMS), headers=headers
    )
    SigV4Auth(KEYS, "ec2", "RegionOne").add_auth(sent)
    return as_wsgi(sent.prepare())


def version_4_get():
    query = urllib.parse.urlencode(PARAMS, quote_via=urllib.parse.quote)
    sent = AWSRequest(method="GET", url=f"http://{HOST}/?{query}")
    SigV4Auth(KEYS, "ec2", "RegionOne").add_auth(sent)
    return as_wsgi(sent.prepare())


def version_4_query():
    query = urllib.parse.urlencode(PARAMS, quote_via=urllib.parse.quote)
    sent = AWSRequest(method="GET", url=f"http://{HOST}/?{query}")
    SigV4QueryAuth(KEYS, "ec2", "RegionOne", expires=300).add_auth(sent)
    return as_wsgi(sent.prepare())


WAYS = {
    "version 2 GET": lambda: version_2("GET"),
    "version 2 POST": lambda: version_2("POST"),
    "version 4 POST": version_4,
    "version 4 GET": version_4_get,
    "version 4 in the query": version_4_query,
}
EVERY_WAY = pytest.mark.parametrize("way", WAYS)


def read(environ, at=None, skew_s=900):
    return signatures.read(request.read(environ, 10_000), at or now(), skew_s)


@EVERY_WAY
def test_what_botocore_signed_is_verified(way):
    signed = read(WAYS[way]())
    assert signed["access"] == "AKIDEXAMPLE"
    assert any(hmac.compare_digest(one, signed["signature"])
               for one in signing.candidates(SECRET, signed))  # fmt: skip


@EVERY_WAY
def test_another_secret_gives_another_signature(way):
    signed = read(WAYS[way]())
    assert signed["signature"] not in set(signing.candidates("other", signed))


@EVERY_WAY
def test_a_changed_parameter_breaks_the_signature(way):
    environ = WAYS[way]()
    changed = environ["QUERY_STRING"].replace("DescribeInstances", "TerminateInstances")
    body = environ["wsgi.input"].read().replace(b"DescribeInstances", b"TerminateInstances")
    environ |= {
        "QUERY_STRING": changed,
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
    }
    signed = read(environ)
    assert signed["signature"] not in set(signing.candidates(SECRET, signed))


@EVERY_WAY
def test_a_signature_without_the_port_counts(way):
    environ = WAYS[way]()
    signed = read(environ)
    behind = {**signed, "host": "ec2.example.org:8773"}
    assert len(list(signing.candidates(SECRET, behind))) == 2


@EVERY_WAY
@pytest.mark.parametrize("minutes", [-16, 16, 60 * 24 * 365])
def test_a_clock_that_is_off_or_a_replay_is_refused(way, minutes):
    with pytest.raises(Fault) as caught:
        read(WAYS[way](), at=now() + dt.timedelta(minutes=minutes))
    assert caught.value.code == "RequestExpired"


@EVERY_WAY
def test_a_clock_that_is_a_little_off_is_fine(way):
    for minutes in (-10, 4):
        assert read(WAYS[way](), at=now() + dt.timedelta(minutes=minutes))


def test_expires_in_the_query_ends_it_early():
    with pytest.raises(Fault) as caught:
        read(version_4_query(), at=now() + dt.timedelta(minutes=6))
    assert caught.value.code == "RequestExpired"


def test_the_query_of_a_signed_post_is_refused():
    environ = version_4() | {"QUERY_STRING": "DryRun=true"}
    with pytest.raises(Fault) as caught:
        read(environ)
    assert caught.value.code == "AuthFailure"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 x"}, "IncompleteSignature"),
        ({"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c"},
         "IncompleteSignature"),
        ({"HTTP_X_AMZ_DATE": "nonsense"}, "IncompleteSignature"),
        ({"HTTP_AUTHORIZATION": "Basic x"}, "MissingParameter"),
    ],
)  # fmt: skip
def test_a_signature_that_is_not_one_is_refused(changes, code):
    with pytest.raises(Fault) as caught:
        read(version_4() | changes)
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["Signature", "SignatureVersion", "SignatureMethod", "Timestamp"])
@pytest.mark.parametrize("value", ["", "é", "0", "x" * 500])
def test_wrong_parts_of_version_2_are_refused(name, value):
    environ = version_2("GET")
    params = dict(urllib.parse.parse_qsl(environ["QUERY_STRING"])) | {name: value}
    environ["QUERY_STRING"] = urllib.parse.urlencode(params)
    try:
        signed = read(environ)
    except Fault as fault:
        refused = fault.code
    else:
        right = signed["signature"] in set(signing.candidates(SECRET, signed))
        refused = "" if right else "AuthFailure"
    assert refused in {"InvalidParameterValue", "MissingParameter", "AuthFailure"}
