"""The queue token as a fan carries it: signed, so that a forged one is refused without asking a server.

The text holds what the line needs to know of a token, and is the same each time it is made, so it is
neither stored nor sent through the broker.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from struct import Struct
from typing import NamedTuple

from pydantic import SecretStr

PREFIX = "qt_"
# Most polls come with a token that was seen a moment ago; a few MB save them the arithmetic.
REMEMBERED = 8192
# A user id of 255 characters may take 1,020 bytes.
LONGEST = 1500

_KEY_PURPOSE = b"frontrow queue token 1"
_HEAD = Struct(">QQQQ")
_MAC_BYTES = sha256().digest_size
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class QueueTokenClaims(NamedTuple):
    """What a genuine queue token says: whose place it is, in which line."""

    id: int
    concert_id: int
    place: int
    user_id: str
    issued_at: datetime


class TokenSignature:
    """Signs queue tokens and reads signed ones, with a key derived from the service's secret."""

    def __init__(self, secret: SecretStr) -> None:
        """Derive the key; tokens stay good as long as the secret stays the same."""
        self._key = hmac.digest(secret.get_secret_value().encode(), _KEY_PURPOSE, "sha256")
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._verify)

    def sign(self, claims: QueueTokenClaims) -> str:
        """Return the token as the fan gets it; the same claims always make the same text."""
        issued = (claims.issued_at - _EPOCH) // _MICROSECOND
        payload = _HEAD.pack(claims.id, claims.concert_id, claims.place, issued) + claims.user_id.encode()
        return PREFIX + urlsafe_b64encode(payload + self._mac(payload)).rstrip(b"=").decode()

    def read(self, token: str) -> QueueTokenClaims | None:
        """Return what a token says, or None when it is not one of ours."""
        # What is remembered must be short, whatever strangers send.
        return self._remembered(token) if len(token) <= LONGEST else None

    def _verify(self, token: str) -> QueueTokenClaims | None:
        raw = _decode(token)
        if raw is None or len(raw) <= _HEAD.size + _MAC_BYTES:
            return None
        payload, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(payload)):
            return None
        token_id, concert_id, place, issued = _HEAD.unpack_from(payload)
        user_id = payload[_HEAD.size :].decode()
        return QueueTokenClaims(token_id, concert_id, place, user_id, _EPOCH + issued * _MICROSECOND)

    def _mac(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, "sha256")


def _decode(token: str) -> bytes | None:
    if not token.startswith(PREFIX) or not token.isascii():
        return None
    text = token[len(PREFIX) :].encode()
    try:
        raw = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except (Base64Error, ValueError):
        return None
    # Base64 readers forgive foreign characters and stray bits; a token has exactly one spelling.
    return raw if urlsafe_b64encode(raw).rstrip(b"=") == text else None
