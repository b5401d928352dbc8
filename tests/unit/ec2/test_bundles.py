# SPDX-License-Identifier: Apache-2.0
"""Bundles: what goes in comes out, and what was changed on the way does not."""

import contextlib
import os

import pytest
from fixtures.ec2_bundle import bundle
from hypothesis import given
from hypothesis import strategies as st

from nova_appliance.common import errors
from nova_appliance.ec2 import bundles

DATA = os.urandom(50_000)


def out_of(objects, key, iv, chunk=1000):
    manifest = bundles.read(objects["img.manifest.xml"])

    def fetch(name):
        content = objects[name]
        return (content[at : at + chunk] for at in range(0, len(content), chunk))

    return b"".join(bundles.image(manifest, key, iv, fetch))


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 50_000])
@pytest.mark.parametrize("chunk", [7, 16, 100_000])
def test_what_goes_in_comes_out(size, chunk):
    assert out_of(*bundle(DATA[:size]), chunk=chunk) == DATA[:size]


def broken(objects, part=0):
    name = sorted(objects)[1 + part]
    return {**objects, name: objects[name][:-1] + bytes([objects[name][-1] ^ 1])}


WRONG = {
    "a changed part": lambda o, k, i: (broken(o), k, i),
    "another key": lambda o, k, i: (o, os.urandom(16).hex(), i),
    "a short key": lambda o, k, i: (o, "00", i),
    "a short vector": lambda o, k, i: (o, k, "00"),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_what_was_changed_is_refused(change):
    with pytest.raises(errors.Invalid):
        out_of(*change(*bundle(DATA)))


@pytest.mark.parametrize("size", [len(DATA) - 1, len(DATA) + 1, 0])
def test_a_size_that_is_not_the_images_is_refused(size):
    with pytest.raises(errors.Invalid, match=r"longer|shorter"):
        out_of(*bundle(DATA, size=size))


MANIFESTS = {
    "no XML": b"no",
    "empty": b"",
    "another document": b"<a/>",
    "bomb": b'<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;">]><manifest>&z;</manifest>',
    "too long": b"<a>" + b" " * (1 << 21) + b"</a>",
    "a path": bundle(b"x", parts=1)[0]["img.manifest.xml"].replace(b"img.part.00", b"../../etc/x"),
    "dots": bundle(b"x", parts=1)[0]["img.manifest.xml"].replace(b"img.part.00", b".."),
    "no key": bundle(b"x", key="")[0]["img.manifest.xml"],
    "a wrong key": bundle(b"x", key="xyz")[0]["img.manifest.xml"],
    "no size": bundle(b"x", size="-1")[0]["img.manifest.xml"],
    "no parts": bundle(b"x", parts=1)[0]["img.manifest.xml"].replace(b"part ", b"party "),
}


@pytest.mark.parametrize("text", MANIFESTS.values(), ids=MANIFESTS)
def test_manifests_that_are_refused(text):
    with pytest.raises(errors.Invalid):
        bundles.read(text)


def test_a_file_of_the_machine_cannot_be_drawn_in():
    text = bundle(b"x")[0]["img.manifest.xml"].decode()
    outside = '<!DOCTYPE m [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    drawn = text.replace("<manifest>", f"{outside}<manifest>", 1).replace(
        "<name>img</name>", "<name>&f;</name>"
    )
    assert "root" not in bundles.read(drawn.encode()).name


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(data):
    with contextlib.suppress(errors.Invalid):
        bundles.read(data)
