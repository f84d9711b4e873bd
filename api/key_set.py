"""The public keys of an identity provider, read in the background: nobody's request waits on the provider for long.

One thread reads the set, again and again, and when an unknown key id turns up. Keys that are known stay good meanwhile,
also while the provider is away.
"""

import os
import threading
from collections.abc import Iterator
from time import monotonic
from typing import Any, NamedTuple

import jwt
import structlog

from api import key_source
from api.problems import ProblemError

# So often the set is read again, so that a key that was withdrawn ends.
LIFE_SECONDS = 300.0
# An unknown key id has it read sooner, but not more often than this: the id comes from a stranger.
PAUSE_SECONDS = 30.0
# After a failure it is tried again; sooner while no key is known at all.
RETRY_SECONDS, FIRST_RETRY_SECONDS = 30.0, 2.0
# So long one request may wait for the set that is being read; all others are told to come again.
LONGEST_WAIT_SECONDS = 1.0

ALGORITHMS = {"RS256": "RSA", "EdDSA": "OKP"}
LEAST_RSA_BITS = 2048

log = structlog.get_logger(__name__)


class Keys(NamedTuple):
    """A key set as it was read; `version` grows whenever it changed."""

    usable: tuple[jwt.PyJWK, ...]
    version: int

    def find(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        """Return the key of an id for an algorithm; a key that is the only one for it needs no id."""
        fitting = [key for key in self.usable if key.algorithm_name == algorithm]
        if key_id is None:
            return fitting[0] if len(fitting) == len(self.usable) == 1 else None
        return next((key for key in fitting if key.key_id == key_id), None)

    def has(self, key_id: str | None) -> bool:
        """Tell whether a key of this id is known; one without an id is never worth another look at the provider."""
        return key_id is None or any(key.key_id == key_id for key in self.usable)


class KeySet:
    """The keys at a JWKS file or URL, as far as they are known."""

    def __init__(self, source: str) -> None:
        """Keep where the keys are; nothing is read before `start`."""
        self._source = source
        self._start_afresh()
        os.register_at_fork(after_in_child=self._start_afresh)

    def _start_afresh(self) -> None:
        self._keys: Keys | None = None
        self._waiter = threading.BoundedSemaphore(1)
        self._lock = threading.Condition()
        self._thread: threading.Thread | None = None
        # How often reading was begun and ended, whether somebody wants it sooner, and when it ended last.
        self._begun = self._ended = 0
        self._is_wanted = False
        self._ended_at = 0.0

    def start(self) -> None:
        """Read the set from now on, in a thread; called with each request, as this is what a fork of ours serves."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="identity-keys", daemon=True)
                    self._begun += 1
                    self._thread.start()

    @property
    def version(self) -> int:
        """A number that changes when the keys do: what a key vouched for ends with it."""
        return self._keys.version if self._keys else 0

    def key(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        """Return the key of this id; None when the provider has none. Raises an `identity_unavailable` problem."""
        self.start()
        keys = self._keys
        if keys is None or not keys.has(key_id):
            keys = self._after_reading()
        return keys.find(key_id, algorithm)

    def _after_reading(self) -> Keys:
        """Return the keys after the reading that is under way or due; one request at a time waits for it, a little."""
        with self._lock:
            self._want()
            under_way = self._begun if self._begun > self._ended else None
        if under_way is not None:
            if not self._waiter.acquire(blocking=False):
                raise _unavailable()
            try:
                with self._lock:
                    if not self._lock.wait_for(lambda: self._ended >= under_way, LONGEST_WAIT_SECONDS):
                        raise _unavailable()
            finally:
                self._waiter.release()
        if self._keys is None:
            raise _unavailable()
        return self._keys

    def _want(self) -> None:
        """Have the set read now, unless that was done a moment ago."""
        pause = FIRST_RETRY_SECONDS if self._keys is None else PAUSE_SECONDS
        if self._begun == self._ended and monotonic() - self._ended_at > pause:
            self._is_wanted = True
            self._begun += 1
            self._lock.notify_all()

    def _run(self) -> None:
        pause = 0.0
        while True:
            with self._lock:
                if pause and not self._lock.wait_for(lambda: self._is_wanted, pause):
                    self._begun += 1
                self._is_wanted = False
            is_read = self._read()
            with self._lock:
                self._ended, self._ended_at = self._begun, monotonic()
                self._lock.notify_all()
                retry = FIRST_RETRY_SECONDS if self._keys is None else RETRY_SECONDS
                pause = LIFE_SECONDS if is_read else retry

    def _read(self) -> bool:
        try:
            usable = read_usable(self._source)
        except key_source.UNREADABLE as error:
            # The keys known so far stay good: a provider that is away locks nobody out who was let in before.
            log.warning(
                "identity_keys_unreadable", source=self._source, reason=f"{type(error).__name__}: {error}"[:200]
            )
            return False
        if self._keys is None or _facts(usable) != _facts(self._keys.usable):
            log.info("identity_keys_read", source=self._source, usable=len(usable))
            self._keys = Keys(usable, self.version + 1)
        return True


def read_usable(source: str) -> tuple[jwt.PyJWK, ...]:
    """Return the keys at a source that may verify identities. Raises one of `key_source.UNREADABLE`."""
    return tuple(_usable(key_source.read(source)))


def _usable(document: Any) -> Iterator[jwt.PyJWK]:
    """Yield the keys that may verify identities. Raises `TypeError` for what is no key set."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        message = "this is no key set: it has no list of keys"
        raise TypeError(message)
    for key in keys:
        reason = _unfit(key)
        if reason is None:
            try:
                made = jwt.PyJWK(key)
            except (jwt.PyJWTError, TypeError, ValueError, AttributeError, LookupError) as error:
                reason = type(error).__name__
            else:
                reason = _weak(made)
        if reason is None:
            yield made
        else:
            key_id = str(key.get("kid"))[:80] if isinstance(key, dict) else None
            log.info("identity_key_refused", kid=key_id, reason=reason)


def _unfit(key: Any) -> str | None:
    """Return why a key is not one for signatures that are understood here, if it is not."""
    if not isinstance(key, dict):
        return "no key"
    if key.get("use") not in (None, "sig"):  # It may be no string.
        return "its use is not sig"
    uses = key.get("key_ops")
    if uses is not None and not (isinstance(uses, list) and "verify" in uses):
        return "its key_ops do not hold verify"
    return None


def _weak(key: jwt.PyJWK) -> str | None:
    if ALGORITHMS.get(str(key.algorithm_name)) != key.key_type:
        return f"not for {' or '.join(ALGORITHMS)}"
    if key.key_type == "RSA" and key.key.key_size < LEAST_RSA_BITS:
        return f"fewer than {LEAST_RSA_BITS} bits"
    return None


def _facts(keys: tuple[jwt.PyJWK, ...]) -> list[dict[str, Any]]:
    return [key._jwk_data for key in keys]  # noqa: SLF001  # PyJWT shows parts of it only.


def _unavailable() -> ProblemError:
    return ProblemError(
        code="identity_unavailable",
        detail="The identity provider's keys are not known just now, so no identity can be checked.",
        headers={"Retry-After": "1"},
    )
