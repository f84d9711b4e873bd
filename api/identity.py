"""Identities: JWTs of the operator's identity provider, verified with PyJWT and remembered until they end."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import isfinite
from typing import Any, NamedTuple

import jwt

from api.key_set import ALGORITHMS, KeySet
from models import clock
from models.errors import DomainError, TokenExpiredError, TokenInvalidError
from models.user import LONGEST_USER_ID, is_user_id, name_of
from settings import Settings

OPERATOR_SCOPE = "operator"
REMEMBERED = 2048
LONGEST = 4096
# How far the clock of the identity provider may be ahead of the sale's.
LEEWAY_SECONDS = 30
HMAC_ALGORITHM = "HS256"
LONGEST_REASON = 200


class IdentityInvalidError(TokenInvalidError):
    """An identity that is refused; `reason` is for the log alone, since it would teach a forger."""

    def __init__(self, reason: str) -> None:
        """Keep why."""
        super().__init__("The identity is not genuine or not complete.")
        self.reason = reason[:LONGEST_REASON]


class IdentityExpiredError(TokenExpiredError):
    """An identity whose time is over."""

    def __init__(self, reason: str) -> None:
        """Keep since when, for the log."""
        super().__init__("The identity's time is over.")
        self.reason = reason


class Identity(NamedTuple):
    """Who a genuine JWT says its bearer is; `begins_at` and `expires_at` in seconds since the epoch."""

    user_id: str
    name: str | None
    is_operator: bool
    begins_at: float
    expires_at: float

    def check_time(self, now: float) -> None:
        """Refuse with `TokenInvalidError` before its time, with `TokenExpiredError` after it."""
        if self.begins_at > now + LEEWAY_SECONDS:
            raise IdentityInvalidError(f"iat or nbf is {self.begins_at - now:.0f} s ahead of the sale's clock")
        if self.expires_at <= now:
            raise IdentityExpiredError(f"exp was {now - self.expires_at:.0f} s ago by the sale's clock")


class Identities:
    """Reads identities. The algorithm is fixed by what is configured, never by what a token asks for."""

    def __init__(self, settings: Settings, measure_clock: Callable[[], None] = lambda: None) -> None:
        """Take a JWKS when one is configured, else the shared secret; and what sets the clock right if need be."""
        self._measure_clock = measure_clock
        self._secret = (settings.identity_secret or settings.secret).get_secret_value()
        self._key_set = KeySet(settings.identity_jwks) if settings.identity_jwks else None
        self._audience, self._issuer = settings.identity_audience, settings.identity_issuer
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._verify)

    def start(self) -> None:
        """Begin to read the key set, if there is one, in the background."""
        if self._key_set is not None:
            self._key_set.start()

    def read(self, token: str) -> Identity:
        """Return who a JWT says its bearer is.

        Raises `TokenInvalidError` or `TokenExpiredError`, each with a `reason` for the log, and an
        `identity_unavailable` problem while the provider's keys are not known.
        """
        if len(token) > LONGEST:
            raise IdentityInvalidError(f"longer than {LONGEST} characters")
        identity = self._remembered(token, self._key_set.version if self._key_set else 0)
        try:
            identity.check_time(clock.utcnow().timestamp())
        except DomainError:
            # It may be that this process does not know the time yet.
            self._measure_clock()
            identity.check_time(clock.utcnow().timestamp())
        return identity

    def _verify(self, token: str, _key_version: int) -> Identity:
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
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise IdentityInvalidError(f"{type(error).__name__}: {error}") from error

    def _key_for(self, token: str) -> tuple[str, Any]:
        """Choose key and algorithm. A secret is never tried with a public-key algorithm nor the other way round."""
        if self._key_set is None:
            return HMAC_ALGORITHM, self._secret
        header = jwt.get_unverified_header(token)
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:
            raise IdentityInvalidError(f"alg is {algorithm!r:.40}, not {' or '.join(ALGORITHMS)}")
        key = self._key_set.key(key_id, algorithm)
        if key is None:
            raise IdentityInvalidError(f"the key set has no usable key of kid {key_id!r:.80} for {algorithm}")
        return algorithm, key


def _identity(claims: Mapping[str, Any]) -> Identity:
    user_id, scope = claims["sub"], claims.get("scope", "")
    if not isinstance(user_id, str) or not is_user_id(user_id):
        raise IdentityInvalidError(f"sub is not 1 to {LONGEST_USER_ID} characters without control characters")
    # Issued in the future is as good as not valid yet.
    begins = max((_moment(name, claims[name]) for name in ("iat", "nbf") if name in claims), default=0.0)
    # RFC 6749 separates scopes with the space alone: another character is part of a name that we do not know.
    scopes = scope.split(" ") if isinstance(scope, str) else scope if isinstance(scope, list) else []
    name, ends = name_of(claims.get("name")), _moment("exp", claims["exp"])
    return Identity(user_id, name, OPERATOR_SCOPE in scopes, begins, ends)


def _moment(claim: str, seconds: Any) -> float:
    """Read a time of a JWT: a number of seconds since the epoch."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not isfinite(seconds):
        raise IdentityInvalidError(f"{claim} is no number of seconds")
    return float(seconds)
