import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from freezegun import freeze_time

from api import identity
from api.identity import Identities
from models import clock
from models.errors import TokenExpiredError, TokenInvalidError
from settings import Settings

SECRET = "a secret of thirty-two bytes or more"
RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def settings(**more: Any) -> Settings:
    return Settings(demo=True, secret=SECRET, **more)


def claims(**more: Any) -> dict[str, Any]:
    found = {"sub": "fan-1", "exp": datetime.now(UTC) + timedelta(hours=1), **more}
    return {name: value for name, value in found.items() if value is not None}


def key_set(path: Path, **keys: Any) -> str:
    found = []
    for key_id, key in keys.items():
        algorithm = "EdDSA" if isinstance(key, ed25519.Ed25519PrivateKey) else "RS256"
        to_jwk = jwt.get_algorithm_by_name(algorithm).to_jwk
        found.append({**to_jwk(key.public_key(), as_dict=True), "kid": key_id, "alg": algorithm})
    path.write_text(json.dumps({"keys": found}))
    return str(path)


def test_a_signed_identity_is_read() -> None:
    found = Identities(settings()).read(jwt.encode(claims(), SECRET, "HS256"))
    assert (found.user_id, found.is_operator) == ("fan-1", False)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("operator", True),
        ("read operator", True),
        (["operator"], True),
        ("operators", False),
        (None, False),
        (7, False),
    ],
)
def test_an_operator_is_known_by_his_scope(scope: object, *, expected: bool) -> None:
    token = jwt.encode(claims(scope=scope), SECRET, "HS256")
    assert Identities(settings()).read(token).is_operator is expected


BAD = {
    "no end": {"exp": None},
    "an end that is text": {"exp": "soon"},
    "an end beyond all numbers": {"exp": 10**400},
    "no user": {"sub": None},
    "a user of no characters": {"sub": ""},
    "a user with a blank": {"sub": "a b"},
    "a user with NUL": {"sub": "a\x00"},
    "a user with a line end": {"sub": "fan\n"},
    "a long user": {"sub": "x" * 65},
    "not yet": {"nbf": datetime.now(UTC) + timedelta(hours=1)},
    "issued tomorrow": {"iat": datetime.now(UTC) + timedelta(days=1)},
    "a beginning that is text": {"nbf": "now"},
    "an issue that is text": {"iat": "now"},
    "an issue beyond all numbers": {"iat": 10**400},
    "a beginning that is no number": {"nbf": True},
}


@pytest.mark.parametrize("case", BAD)
def test_an_incomplete_identity_is_refused(case: str) -> None:
    with pytest.raises(TokenInvalidError):
        Identities(settings()).read(jwt.encode(claims(**BAD[case]), SECRET, "HS256"))


@pytest.mark.parametrize("user", ["a", "x" * 64, "fan@example.org", "auth0:5f-7_c.d"])
def test_usual_users_are_let_in(user: str) -> None:
    assert Identities(settings()).read(jwt.encode(claims(sub=user), SECRET, "HS256")).user_id == user


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "eyJhbGciOiJIUzI1NiJ9.e30.", "." * 5, "ü", "x" * 10_000])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(TokenInvalidError):
        Identities(settings()).read(text)


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_other_algorithms_of_a_secret_are_refused(algorithm: str) -> None:
    key = SECRET * 3
    with pytest.raises(TokenInvalidError):
        Identities(settings(identity_secret=key)).read(jwt.encode(claims(), key, algorithm))


def test_an_identity_ends_although_it_was_read_before() -> None:
    identities = Identities(settings())
    token = jwt.encode(claims(), SECRET, "HS256")
    assert identities.read(token).user_id == "fan-1"
    with freeze_time(datetime.now(UTC) + timedelta(hours=2)), pytest.raises(TokenExpiredError):
        identities.read(token)


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_the_clock_of_the_sale_says_when_an_identity_begins(claim: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # The machine's own clock is two minutes behind, as the database knows.
    monkeypatch.setattr(clock, "_offset", timedelta(minutes=2))
    token = jwt.encode(claims(**{claim: datetime.now(UTC) + timedelta(minutes=2)}), SECRET, "HS256")
    identities = Identities(settings())
    assert identities.read(token).user_id == "fan-1"
    # And one that was let in before is not remembered as good, should the clock be put right.
    monkeypatch.setattr(clock, "_offset", timedelta(0))
    with pytest.raises(TokenInvalidError):
        identities.read(token)
    monkeypatch.setattr(clock, "_offset", timedelta(minutes=2))
    assert identities.read(token).user_id == "fan-1"


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_provider_may_be_a_little_ahead(claim: str) -> None:
    identities = Identities(settings())
    for seconds, is_good in ((25, True), (35, False)):
        token = jwt.encode(claims(**{claim: datetime.now(UTC) + timedelta(seconds=seconds)}), SECRET, "HS256")
        with nullcontext() if is_good else pytest.raises(TokenInvalidError):
            assert identities.read(token).user_id == "fan-1"


@pytest.mark.parametrize("more", [{"iat": timedelta(minutes=2)}, {"exp": timedelta(seconds=-30)}])
def test_before_an_identity_is_refused_for_its_time_the_clock_is_set_right(
    more: dict[str, timedelta], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The machine is two minutes behind for the one, and a minute ahead for the other.
    offset = timedelta(minutes=2) if "iat" in more else timedelta(minutes=-1)
    monkeypatch.setattr(clock, "_offset", timedelta(0))
    identities = Identities(settings(), lambda: monkeypatch.setattr(clock, "_offset", offset))
    moments = {name: datetime.now(UTC) + away for name, away in more.items()}
    assert identities.read(jwt.encode(claims(**moments), SECRET, "HS256")).user_id == "fan-1"


def test_audience_and_issuer_are_checked_when_configured() -> None:
    identities = Identities(settings(identity_audience="tickets", identity_issuer="https://id.example"))
    good = {"aud": ["tickets", "x"], "iss": "https://id.example"}
    assert identities.read(jwt.encode(claims(**good), SECRET, "HS256")).user_id == "fan-1"
    for bad in ({"aud": "other"}, {"iss": "https://evil.example"}, {"aud": None}, {"iss": None}):
        with pytest.raises(TokenInvalidError):
            identities.read(jwt.encode(claims(**{**good, **bad}), SECRET, "HS256"))


def test_an_audience_says_nothing_when_none_is_configured() -> None:
    assert Identities(settings()).read(jwt.encode(claims(aud="somebody"), SECRET, "HS256")).user_id == "fan-1"


def test_identities_of_a_key_set_are_read(tmp_path: Path) -> None:
    source = key_set(tmp_path / "keys.json", rsa=RSA_KEY, ed=ED_KEY)
    identities = Identities(settings(identity_jwks=source))
    assert identities.read(jwt.encode(claims(), RSA_KEY, "RS256", {"kid": "rsa"})).user_id == "fan-1"
    assert identities.read(jwt.encode(claims(), ED_KEY, "EdDSA", {"kid": "ed"})).user_id == "fan-1"


def test_one_key_alone_needs_no_id(tmp_path: Path) -> None:
    identities = Identities(settings(identity_jwks=key_set(tmp_path / "keys.json", only=ED_KEY)))
    assert identities.read(jwt.encode(claims(), ED_KEY, "EdDSA")).user_id == "fan-1"


def test_algorithms_are_not_confused(tmp_path: Path) -> None:
    identities = Identities(settings(identity_jwks=key_set(tmp_path / "keys.json", rsa=RSA_KEY, ed=ED_KEY)))
    public = RSA_KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    foreign = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    forged = [
        _signed_by_hand(public),
        jwt.encode(claims(), SECRET, "HS256", {"kid": "rsa"}),
        jwt.encode(claims(), RSA_KEY, "RS256", {"kid": "ed"}),
        jwt.encode(claims(), RSA_KEY, "RS256", {"kid": "unknown"}),
        jwt.encode(claims(), RSA_KEY, "RS512", {"kid": "rsa"}),
        jwt.encode(claims(), foreign, "RS256", {"kid": "rsa"}),
        jwt.encode(claims(), None, "none", {"kid": "rsa"}),
    ]
    for token in forged:
        with pytest.raises(TokenInvalidError):
            identities.read(token)


def _signed_by_hand(public: bytes) -> str:
    """Sign with the public key as if it were a secret; PyJWT itself refuses to."""
    import base64
    import hmac

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    header, payload = {"alg": "HS256", "kid": "rsa"}, {"sub": "fan-1", "exp": 9_999_999_999}
    signed = f"{part(json.dumps(header).encode())}.{part(json.dumps(payload).encode())}"
    return f"{signed}.{part(hmac.digest(public, signed.encode(), 'sha256'))}"


def test_a_new_key_is_found_and_an_unreadable_set_locks_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.json"
    identities = Identities(settings(identity_jwks=key_set(path, old=ED_KEY)))
    old, new = (
        jwt.encode(claims(), ED_KEY, "EdDSA", {"kid": "old"}),
        jwt.encode(claims(), RSA_KEY, "RS256", {"kid": "new"}),
    )
    assert identities.read(old).user_id == "fan-1"
    key_set(path, old=ED_KEY, new=RSA_KEY)
    with pytest.raises(TokenInvalidError):
        identities.read(new)
    monkeypatch.setattr(identity, "KEY_SET_PAUSE_SECONDS", -1.0)
    assert identities.read(new).user_id == "fan-1"
    path.write_text("not a key set")
    monkeypatch.setattr(identity, "KEY_SET_LIFE_SECONDS", -1.0)
    again = jwt.encode(claims(sub="fan-2"), ED_KEY, "EdDSA", {"kid": "old"})
    assert identities.read(again).user_id == "fan-2"


def test_what_a_withdrawn_key_signed_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, now = tmp_path / "keys.json", [1000.0]
    monkeypatch.setattr(identity, "monotonic", lambda: now[0])
    identities = Identities(settings(identity_jwks=key_set(path, old=ED_KEY)))
    token = jwt.encode(claims(), ED_KEY, "EdDSA", {"kid": "old"})
    assert identities.read(token).user_id == "fan-1"
    key_set(path, new=RSA_KEY)
    now[0] += 2 * identity.KEY_SET_LIFE_SECONDS
    with pytest.raises(TokenInvalidError):
        identities.read(token)


def test_nobody_is_refused_while_another_reads_the_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    identities = Identities(settings(identity_jwks=key_set(tmp_path / "keys.json", only=ED_KEY)))
    read, reading, readings = identity.KeySet._document, threading.Barrier(2), []

    def slowly(self: identity.KeySet) -> dict[str, Any]:
        readings.append(1)
        reading.wait(10)
        # Long enough for the second thread to ask meanwhile; it passes either way, but fails without the lock.
        threading.Event().wait(0.2)
        return read(self)

    monkeypatch.setattr(identity.KeySet, "_document", slowly)
    tokens = [jwt.encode(claims(sub=f"fan-{n}"), ED_KEY, "EdDSA", {"kid": "only"}) for n in (1, 2)]
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(identities.read, tokens[0])
        reading.wait(10)
        second = threads.submit(identities.read, tokens[1])
        assert [first.result(10).user_id, second.result(10).user_id] == ["fan-1", "fan-2"]
    assert len(readings) == 1


@pytest.mark.parametrize("text", ["[1]", '{"keys": 1}', '{"keys": [1]}', "7", "null"])
def test_a_document_that_is_no_key_set_is_no_fault(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(TokenInvalidError):
        Identities(settings(identity_jwks=str(path))).read(jwt.encode(claims(), ED_KEY, "EdDSA", {"kid": "x"}))
