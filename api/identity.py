"""Identities: JWTs of the operator's identity provider, verified with PyJWT and remembered until they end."""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from math import isfinite
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import jwt
import structlog

from models import clock
from models.errors import DomainError, TokenExpiredError, TokenInvalidError
from settings import Settings

USER_ID = re.compile(r"[A-Za-z0-9_.@:-]{1,64}")
OPERATOR_SCOPE = "operator"
REMEMBERED = 2048
LONGEST = 4096
# How far the clock of the identity provider may be ahead of the sale's.
LEEWAY_SECONDS = 30

# A key set is read again for an unknown key id, but not more often than this: the id comes from a stranger.
KEY_SET_PAUSE_SECONDS = 30.0
# And it is read again after this time, so that a key that was withdrawn ends.
KEY_SET_LIFE_SECONDS = 300.0
KEY_SET_TIMEOUT_SECONDS = 2
HMAC_ALGORITHM = "HS256"
KEY_SET_ALGORITHMS = ("RS256", "EdDSA")
_KEY_TYPE_OF = {"RS256": "RSA", "EdDSA": "OKP"}

log = structlog.get_logger(__name__)


class Identity(NamedTuple):
    """Who a genuine JWT says its bearer is; `begins_at` and `expires_at` in seconds since the epoch."""

    user_id: str
    is_operator: bool
    begins_at: float
    expires_at: float

    def check_time(self, now: float) -> None:
        """Refuse with `TokenInvalidError` before its time, with `TokenExpiredError` after it."""
        if self.begins_at > now + LEEWAY_SECONDS:
            raise _invalid()
        if self.expires_at <= now:
            raise _expired()


class KeySet:
    """The public keys of an identity provider, from a JWKS file or URL."""

    def __init__(self, source: str) -> None:
        """Keep where the keys are; they are read when the first JWT comes."""
        self._source = source
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._read_at: float | None = None
        self._reading = Lock()

    def key(self, key_id: str | None) -> jwt.PyJWK | None:
        """Return the key of this id; one key alone needs no id."""
        if self._is_due(key_id):
            # Whoever needs a key that is being read waits for it: without it his identity would look forged.
            with self._reading:
                if self._is_due(key_id):
                    self._read()
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    def _is_due(self, key_id: str | None) -> bool:
        age = monotonic() - self._read_at if self._read_at is not None else None
        return age is None or age > (KEY_SET_PAUSE_SECONDS if key_id not in self._keys else KEY_SET_LIFE_SECONDS)

    def _read(self) -> None:
        try:
            keys = jwt.PyJWKSet.from_dict(self._document()).keys
            self._keys = {key.key_id: key for key in keys}
        except (OSError, TypeError, ValueError, AttributeError, jwt.PyJWTError) as error:
            # The keys known so far stay good: a provider that is away locks nobody out who was let in before.
            log.warning("identity_keys_unreadable", source=self._source, reason=str(error))
        finally:
            self._read_at = monotonic()

    def _document(self) -> dict[str, Any]:
        if urlsplit(self._source).scheme in {"http", "https"}:
            found: dict[str, Any] = _fetch(self._source)
            return found
        return dict(json.loads(Path(self._source).read_text(encoding="utf-8")))


def _fetch(url: str) -> Any:
    return jwt.PyJWKClient(url, cache_jwk_set=False, timeout=KEY_SET_TIMEOUT_SECONDS).fetch_data()


class Identities:
    """Reads identities. The algorithm is fixed by what is configured, never by what a token asks for."""

    def __init__(self, settings: Settings, measure_clock: Callable[[], None] = lambda: None) -> None:
        """Take a JWKS when one is configured, else the shared secret; and what sets the clock right if need be."""
        self._measure_clock = measure_clock
        self._secret = (settings.identity_secret or settings.secret).get_secret_value()
        self._key_set = KeySet(settings.identity_jwks) if settings.identity_jwks else None
        self._audience, self._issuer = settings.identity_audience, settings.identity_issuer
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._verify)

    def read(self, token: str) -> Identity:
        """Return who a JWT says its bearer is. Raises `TokenInvalidError` or `TokenExpiredError`."""
        if len(token) > LONGEST:
            raise _invalid()
        identity = self._remembered(token, self._period())
        try:
            identity.check_time(clock.utcnow().timestamp())
        except DomainError:
            # It may be that this process does not know the time yet.
            self._measure_clock()
            identity.check_time(clock.utcnow().timestamp())
        return identity

    def _period(self) -> int:
        """Return a number that changes as often as a key set is read again: what a key vouched for ends with it."""
        return int(monotonic() // KEY_SET_LIFE_SECONDS) if self._key_set else 0

    def _verify(self, token: str, _period: int) -> Identity:
        try:
            algorithm, key = self._key_for(token)
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                # Its times are checked by our one clock at each use, not once by this machine's.
                options={
                    "require": ["exp", "sub"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "verify_aud": self._audience is not None,
                },
            )
            return _identity(claims)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            raise _invalid() from error

    def _key_for(self, token: str) -> tuple[str, Any]:
        """Choose key and algorithm. A secret is never tried with a public-key algorithm nor the other way round."""
        if self._key_set is None:
            return HMAC_ALGORITHM, self._secret
        header = jwt.get_unverified_header(token)
        algorithm, key = header.get("alg"), self._key_set.key(header.get("kid"))
        if algorithm not in KEY_SET_ALGORITHMS or key is None or key.key_type != _KEY_TYPE_OF[str(algorithm)]:
            raise jwt.InvalidAlgorithmError
        return str(algorithm), key


def _identity(claims: Mapping[str, Any]) -> Identity:
    user_id, scope = claims["sub"], claims.get("scope", "")
    if not isinstance(user_id, str) or not USER_ID.fullmatch(user_id):
        raise _invalid()
    # Issued in the future is as good as not valid yet.
    begins = max((_moment(claims[name]) for name in ("iat", "nbf") if name in claims), default=0.0)
    scopes = scope.split() if isinstance(scope, str) else scope if isinstance(scope, list) else []
    return Identity(user_id, OPERATOR_SCOPE in scopes, begins, _moment(claims["exp"]))


def _moment(seconds: Any) -> float:
    """Read a time of a JWT: a number of seconds since the epoch."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not isfinite(seconds):
        raise _invalid()
    return float(seconds)


def _invalid() -> TokenInvalidError:
    return TokenInvalidError("The identity is not genuine or not complete.")


def _expired() -> TokenExpiredError:
    return TokenExpiredError("The identity's time is over.")
