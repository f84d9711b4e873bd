from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from freezegun import freeze_time

from api.identity import Identities, IdentityExpiredError, IdentityInvalidError
from models import clock
from models.errors import TokenExpiredError, TokenInvalidError
from tests.unit.api.provider import ED_KEY, RSA_KEY, SECRET, claims, key_set, settings


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
        ("read\toperator", False),
        ("read\noperator", False),
        ("read\u00a0operator", False),
        ("read  operator", True),
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
    "a user that is no text": {"sub": 7},
    "a user with an escape": {"sub": "a\x1b[2J"},
    "a user with a direction mark": {"sub": "a\u202eb"},
    "a user with half a surrogate": {"sub": "a\ud800"},
    "a user with NUL": {"sub": "a\x00"},
    "a user with a line end": {"sub": "fan\n"},
    "a long user": {"sub": "x" * 256},
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


@pytest.mark.parametrize(
    "user",
    [
        "a",
        "x" * 255,
        "fan@example.org",
        "auth0|5f7c8ec7c33c6c004bbafe82",
        "google-oauth2/1+2=3",
        "https://id.example/users/7",
        "a b",
        "민아",
        "5f7c8ec7-c33c-4c00-8bba-fe82fe82fe82",
    ],
)
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


@pytest.mark.parametrize(
    ("claimed", "shown"),
    [
        ("Mina Kim", "Mina Kim"),
        ("  김\u202e민아\n ", "김 민아"),
        ("x" * 500, "x" * 100),
        (None, None),
        ("", None),
        (" \t", None),
        (7, None),
        (["Mina"], None),
        ("5f7c8ec7-c33c-4c00-8bba-fe82fe82fe82", None),
        ("5F7C8EC7C33C4C008BBAFE82FE82FE82", None),
    ],
)
def test_a_name_is_what_can_be_shown_of_a_person(claimed: object, shown: str | None) -> None:
    assert Identities(settings()).read(jwt.encode(claims(name=claimed), SECRET, "HS256")).name == shown


REASONS = {
    "a bad sub": ({"sub": "x" * 256}, SECRET, "sub is not 1 to 255"),
    "another secret": ({}, "another secret of thirty-two bytes", "Signature verification failed"),
    "another audience": ({"aud": "shop"}, SECRET, "Audience"),
    "not yet": ({"nbf": datetime.now(UTC) + timedelta(hours=1)}, SECRET, "ahead of the sale's clock"),
    "over": ({"exp": datetime.now(UTC) - timedelta(hours=1)}, SECRET, "ago by the sale's clock"),
    "no end": ({"exp": None}, SECRET, '"exp" claim'),
}


@pytest.mark.parametrize("case", REASONS)
def test_why_an_identity_is_refused_is_for_the_log_alone(case: str) -> None:
    more, secret, reason = REASONS[case]
    identities = Identities(settings(identity_audience="tickets"))
    with pytest.raises((IdentityInvalidError, IdentityExpiredError)) as refused:
        identities.read(jwt.encode(claims(**more), secret, "HS256"))
    assert reason in refused.value.reason
    assert reason not in str(refused.value)


def test_an_audience_says_nothing_when_none_is_configured() -> None:
    assert Identities(settings()).read(jwt.encode(claims(aud="somebody"), SECRET, "HS256")).user_id == "fan-1"


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
    import json

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    header, payload = {"alg": "HS256", "kid": "rsa"}, {"sub": "fan-1", "exp": 9_999_999_999}
    signed = f"{part(json.dumps(header).encode())}.{part(json.dumps(payload).encode())}"
    return f"{signed}.{part(hmac.digest(public, signed.encode(), 'sha256'))}"
