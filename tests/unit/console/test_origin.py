# SPDX-License-Identifier: Apache-2.0
"""Whose pages may connect, row by row."""

import pytest

from nova_appliance.console.origin import is_welcome
from nova_appliance.console.token_in_request import token_of

HTTP = "http://cloud.example:6080/vnc_auto.html"
HTTPS = "https://cloud.example/novnc/vnc_auto.html"


@pytest.mark.parametrize(
    ("headers", "access_url", "welcome"),
    [
        ({"Host": "cloud.example:6080"}, HTTP, True),
        ({"Host": "cloud.example:6080", "Origin": "http://cloud.example:6080"}, HTTP, True),
        ({"Host": "cloud.example", "Origin": "http://cloud.example"}, HTTPS, False),
        ({"Host": "cloud.example", "Origin": "https://cloud.example"}, HTTPS, True),
        ({"Host": "cloud.example", "Origin": "https://cloud.example"}, "wss://cloud.example/", True),
        ({"Host": "cloud.example", "Origin": "http://cloud.example"}, "ws://cloud.example/", True),
        (
            {"Host": "c", "Origin": "http://c", "X-Forwarded-Proto": "https"}, HTTPS, True,
        ),
        ({"Host": "cloud.example", "Origin": "http://dashboard.example"}, HTTP, True),
        ({"Host": "cloud.example", "Origin": "http://evil.example"}, HTTP, False),
        ({"Host": "cloud.example", "Origin": "http://cloud.example.evil.example"}, HTTP, False),
        ({"Host": "cloud.example", "Origin": "null"}, HTTP, False),
        ({"Host": "cloud.example", "Origin": ""}, HTTP, False),
        ({"Host": "cloud.example", "Origin": "http://["}, HTTP, False),
        ({"Host": "[::1]:6080", "Origin": "http://[::1]:6080"}, HTTP, True),
        ({"Origin": "http://cloud.example"}, HTTP, False),
    ],
)  # fmt: skip
def test_origins(headers, access_url, welcome):
    assert is_welcome(headers, access_url, ("dashboard.example",)) is welcome


@pytest.mark.parametrize(
    ("target", "cookies", "token"),
    [
        ("/?token=a", None, "a"),
        ("/x?b=c&token=a#d", None, "a"),
        ("/?path=?token=a", None, "a"),
        ("/?path=%3Ftoken%3Da", None, "a"),
        ("/?path=websockify%3Ftoken%3Da", None, "a"),
        ("/websockify", "token=a", "a"),
        ("/websockify", "x=y; token=a; z=w", "a"),
        ("/?token=a", "token=b", "a"),
        ("/?token=", "token=b", "b"),
        ("/", None, None),
        ("/", "x=y", None),
        ("/", "\x00=;;==", None),
        ("/?path=websockify", None, None),
    ],
)
def test_tokens(target, cookies, token):
    assert token_of(target, cookies) == token
