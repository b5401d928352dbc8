# SPDX-License-Identifier: Apache-2.0
"""Images as EC2's tools bundle them: a manifest, parts, AES, gzip, tar. Reads them as one stream.

Wire source: ec2-console-cert-hypervisor.md section 4, and manifests of version 2007-10-10.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import re
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from lxml import etree

from nova_appliance.common import errors

LARGEST_MANIFEST = 1024**2
MOST_PARTS = 10_000
CHUNK = 1024**2
_NAME = re.compile(r"[^/\x00-\x1f]{1,255}")
_HEX = re.compile(r"[0-9A-Fa-f]{1,4096}")


@dataclasses.dataclass(frozen=True)
class Part:
    """One object of the bundle; its SHA-1 in hexadecimal, or empty."""

    name: str
    digest: str


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What is needed of a manifest."""

    name: str
    architecture: str
    size: int
    """Bytes of the image itself."""
    key: str
    """The AES key, encrypted for nova-cert, in hexadecimal."""
    iv: str
    parts: tuple[Part, ...]


def read(text: bytes) -> Manifest:
    """The manifest in an XML document. Raises Invalid."""
    if len(text) > LARGEST_MANIFEST:
        raise errors.Invalid("The manifest is too long.")
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)
    try:
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        raise errors.Invalid("The manifest is no XML.") from error
    parts = tuple(
        Part(_matching(_NAME, part, "filename"), (part.findtext("digest") or "").strip().lower())
        for part in root.findall("image/parts/part")
    )
    size = root.findtext("image/size") or ""
    if not parts or len(parts) > MOST_PARTS or not size.isdecimal() or len(size) > 18:
        raise errors.Invalid("The manifest does not tell size and parts of an image.")
    return Manifest(
        name=(root.findtext("image/name") or "").strip(),
        architecture=(root.findtext("machine_configuration/architecture") or "x86_64").strip(),
        size=int(size),
        key=_matching(_HEX, root, "image/ec2_encrypted_key"),
        iv=_matching(_HEX, root, "image/ec2_encrypted_iv"),
        parts=parts,
    )


def _matching(pattern: re.Pattern[str], place: etree._Element, path: str) -> str:
    text = (place.findtext(path) or "").strip()
    if not pattern.fullmatch(text) or text in {".", ".."}:
        raise errors.Invalid(f"The manifest has no {path.rpartition('/')[2]}, or a wrong one.")
    return text


def image(
    manifest: Manifest, key: str, iv: str, fetch: Callable[[str], Iterable[bytes]]
) -> Iterator[bytes]:
    """The bytes of the image, while they come in; `fetch(name)` gives those of an object.

    `key` and `iv` are decrypted, in hexadecimal. Raises Invalid when something does not fit.
    """
    plain = _decrypted(_joined(manifest, fetch), bytes.fromhex(key), bytes.fromhex(iv))
    told = 0
    try:
        for chunk in _untarred(_Stream(plain)):
            told += len(chunk)
            if told > manifest.size:
                raise errors.Invalid("The image is longer than its manifest says.")
            yield chunk
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise errors.Invalid("The parts are no bundle, or encrypted by another key.") from error
    if told != manifest.size:
        raise errors.Invalid("The image is shorter than its manifest says.")


def _joined(manifest: Manifest, fetch: Callable[[str], Iterable[bytes]]) -> Iterator[bytes]:
    """All parts, one after another, each checked by its digest."""
    for part in manifest.parts:
        digest = hashlib.sha1(usedforsecurity=False)
        for chunk in fetch(part.name):
            digest.update(chunk)
            yield chunk
        if part.digest and digest.hexdigest() != part.digest:
            raise errors.Invalid(f"The part {part.name} is not the one of the manifest.")


def _decrypted(chunks: Iterable[bytes], key: bytes, iv: bytes) -> Iterator[bytes]:
    """AES in CBC mode, padded to whole blocks at its end."""
    if len(key) not in {16, 24, 32} or len(iv) != 16:
        raise errors.Invalid("The key of the bundle is none of AES.")
    opener = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    last = b""
    for chunk in chunks:
        if plain := opener.update(chunk):
            yield last
            last = plain
    try:
        last += opener.finalize()
    except ValueError as error:
        raise errors.Invalid("The parts do not end with a whole block.") from error
    padding = last[-1] if last else 0
    yield last[:-padding] if 1 <= padding <= 16 else last


def _untarred(stream: _Stream) -> Iterator[bytes]:
    """The one file of the archive."""
    with tarfile.open(fileobj=io.BufferedReader(stream, CHUNK), mode="r|gz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                while chunk := file.read(CHUNK):
                    yield chunk
                return
    raise errors.Invalid("There is no image in the bundle.")


class _Stream(io.RawIOBase):
    """What an iterator gives, as a file that is read from its begin to its end."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """The next bytes; 0 at the end."""
        while not self._rest:
            following = next(self._chunks, None)
            if following is None:
                return 0
            self._rest = following
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
