"""The provider's keys: read in the background, bounded in time and size, and only those that are strong enough."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from falcon.testing import TestClient

from api import key_set as keys_of
from api import key_source
from api.app import create_app
from api.identity import Identities
from api.problems import ProblemError
from models.errors import TokenInvalidError
from tests.unit.api.provider import ED_KEY, RSA_KEY, claims, key_set, settings
from tests.waiting import wait_for

WEAK_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=1024)


def signed(key: Any, key_id: str | None, **more: Any) -> str:
    algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "EdDSA"
    return jwt.encode(claims(**more), key, algorithm, {"kid": key_id} if key_id else {})


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test on a busy machine wait longer than a request would."""
    monkeypatch.setattr(keys_of, "LONGEST_WAIT_SECONDS", 20.0)


pytestmark = pytest.mark.usefixtures("patience")


def test_identities_of_a_key_set_are_read(tmp_path: Path) -> None:
    source = key_set(tmp_path / "keys.json", rsa=RSA_KEY, ed=ED_KEY)
    identities = Identities(settings(identity_jwks=source))
    assert identities.read(jwt.encode(claims(), RSA_KEY, "RS256", {"kid": "rsa"})).user_id == "fan-1"
    assert identities.read(jwt.encode(claims(), ED_KEY, "EdDSA", {"kid": "ed"})).user_id == "fan-1"


def test_one_key_alone_needs_no_id(tmp_path: Path) -> None:
    identities = Identities(settings(identity_jwks=key_set(tmp_path / "keys.json", only=ED_KEY)))
    assert identities.read(jwt.encode(claims(), ED_KEY, "EdDSA")).user_id == "fan-1"


@pytest.mark.parametrize("more", [{"use": "enc"}, {"key_ops": ["encrypt"]}, {"key_ops": "verify"}, {"alg": "PS256"}])
def test_a_key_for_something_else_verifies_nothing(tmp_path: Path, more: dict[str, object]) -> None:
    path = Path(key_set(tmp_path / "keys.json", rsa=RSA_KEY, ed=ED_KEY))
    document = json.loads(path.read_text())
    document["keys"][0] |= more
    path.write_text(json.dumps(document))
    identities = Identities(settings(identity_jwks=str(path)))
    with pytest.raises(TokenInvalidError):
        identities.read(signed(RSA_KEY, "rsa"))
    assert identities.read(signed(ED_KEY, "ed")).user_id == "fan-1"


def test_a_key_for_signatures_that_says_so_is_taken(tmp_path: Path) -> None:
    path = Path(key_set(tmp_path / "keys.json", rsa=RSA_KEY))
    document = json.loads(path.read_text())
    document["keys"][0] |= {"use": "sig", "key_ops": ["verify"]}
    path.write_text(json.dumps(document))
    assert Identities(settings(identity_jwks=str(path))).read(signed(RSA_KEY, "rsa")).user_id == "fan-1"


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_an_rsa_key_of_fewer_than_2048_bits_verifies_nothing(tmp_path: Path) -> None:
    identities = Identities(settings(identity_jwks=key_set(tmp_path / "keys.json", weak=WEAK_KEY, ed=ED_KEY)))
    with pytest.raises(TokenInvalidError):
        identities.read(signed(WEAK_KEY, "weak"))
    assert identities.read(signed(ED_KEY, "ed")).user_id == "fan-1"


def test_a_new_key_is_found_but_not_looked_for_all_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys.json"
    identities = Identities(settings(identity_jwks=key_set(path, old=ED_KEY)))
    assert identities.read(signed(ED_KEY, "old")).user_id == "fan-1"
    key_set(path, old=ED_KEY, new=RSA_KEY)
    with pytest.raises(TokenInvalidError):
        identities.read(signed(RSA_KEY, "new"))
    monkeypatch.setattr(keys_of, "PAUSE_SECONDS", -1.0)
    assert identities.read(signed(RSA_KEY, "new")).user_id == "fan-1"


def test_known_keys_stay_good_while_the_set_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys.json"
    identities = Identities(settings(identity_jwks=key_set(path, old=ED_KEY)))
    assert identities.read(signed(ED_KEY, "old")).user_id == "fan-1"
    path.write_text("not a key set")
    monkeypatch.setattr(keys_of, "PAUSE_SECONDS", -1.0)
    with pytest.raises(TokenInvalidError):
        identities.read(signed(RSA_KEY, "new"))
    assert identities.read(signed(ED_KEY, "old", sub="fan-2")).user_id == "fan-2"


def test_what_a_withdrawn_key_signed_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys.json"
    monkeypatch.setattr(keys_of, "LIFE_SECONDS", 0.05)
    identities = Identities(settings(identity_jwks=key_set(path, old=ED_KEY)))
    token = signed(ED_KEY, "old")
    assert identities.read(token).user_id == "fan-1"
    key_set(tmp_path / "next.json", new=RSA_KEY).encode()
    (tmp_path / "next.json").replace(path)

    def is_refused() -> bool:
        try:
            identities.read(token)
        except TokenInvalidError:
            return True
        return False

    wait_for(is_refused)


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Identities, threading.Event, list[int]]]:
    """A provider that does not answer before it is let; `asked` grows with each time it is asked."""
    source, go_on, asked, read = key_set(tmp_path / "keys.json", only=ED_KEY), threading.Event(), [], key_source.read

    def slowly(wanted: str) -> Any:
        # Threads of other tests' key sets may still look after theirs.
        if wanted == source:
            asked.append(1)
            assert go_on.wait(30)
        return read(wanted)

    monkeypatch.setattr(key_source, "read", slowly)
    yield Identities(settings(identity_jwks=source)), go_on, asked
    go_on.set()


def test_one_request_waits_for_the_first_keys_and_the_others_come_again(
    hanging: tuple[Identities, threading.Event, list[int]],
) -> None:
    identities, go_on, asked = hanging
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(identities.read, signed(ED_KEY, "only"))
        wait_for(lambda: asked)
        wait_for(lambda: _is_refused_at_once(identities, signed(ED_KEY, "only", sub="fan-2")))
        go_on.set()
        assert first.result(20).user_id == "fan-1"
    assert identities.read(signed(ED_KEY, "only", sub="fan-2")).user_id == "fan-2"
    assert len(asked) == 1


def test_an_unknown_key_id_keeps_nobody_waiting(
    hanging: tuple[Identities, threading.Event, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    identities, go_on, asked = hanging
    go_on.set()
    assert identities.read(signed(ED_KEY, "only")).user_id == "fan-1"
    monkeypatch.setattr(keys_of, "PAUSE_SECONDS", -1.0)
    go_on.clear()
    with ThreadPoolExecutor(1) as threads:
        stranger = threads.submit(identities.read, signed(RSA_KEY, "made-up-1"))
        wait_for(lambda: len(asked) == 2)
        # Whoever has a known key is let in meanwhile, and no second stranger takes a thread.
        assert identities.read(signed(ED_KEY, "only", sub="fan-2")).user_id == "fan-2"
        wait_for(lambda: _is_refused_at_once(identities, signed(RSA_KEY, "made-up-2")))
        assert not stranger.done()
        go_on.set()
        with pytest.raises(TokenInvalidError):
            stranger.result(20)


def _is_refused_at_once(identities: Identities, token: str) -> bool:
    try:
        identities.read(token)
    except ProblemError as refused:
        return refused.code == "identity_unavailable"
    return False


def test_whoever_waits_is_let_go_although_the_provider_never_answers(
    hanging: tuple[Identities, threading.Event, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    identities, _, _ = hanging
    monkeypatch.setattr(keys_of, "LONGEST_WAIT_SECONDS", 0.1)
    with pytest.raises(ProblemError) as refused:
        identities.read(signed(ED_KEY, "only"))
    assert refused.value.headers["Retry-After"] == "1"


@pytest.mark.parametrize("text", ["[1]", '{"keys": 1}', "7", "null", "{", "[" * 100_000])
def test_while_there_is_no_key_set_identities_cannot_be_checked(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(ProblemError) as refused:
        Identities(settings(identity_jwks=str(path))).read(signed(ED_KEY, "x"))
    assert refused.value.code == "identity_unavailable"


def test_a_fan_is_told_to_come_again_and_not_that_the_identity_is_forged(tmp_path: Path) -> None:
    client = TestClient(create_app(settings(identity_jwks=str(tmp_path / "nowhere.json"))))
    answer = client.simulate_get("/v1/points", headers={"Authorization": f"Bearer {signed(ED_KEY, 'x')}"})
    assert (answer.status_code, answer.json["code"]) == (503, "identity_unavailable")
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize("key", [1, None, {}, {"kty": "RSA"}, {"kty": "OKP", "crv": "X25519", "x": "AA"}])
def test_a_key_that_is_not_understood_spoils_no_other(tmp_path: Path, key: object) -> None:
    path = Path(key_set(tmp_path / "keys.json", only=ED_KEY))
    path.write_text(json.dumps({"keys": [key, *json.loads(path.read_text())["keys"]]}))
    assert Identities(settings(identity_jwks=str(path))).read(signed(ED_KEY, "only")).user_id == "fan-1"


def test_a_key_set_needs_an_audience() -> None:
    with pytest.raises(ValueError, match="FRONTROW_IDENTITY_AUDIENCE must be set"):
        settings(identity_jwks="https://id.example/keys", identity_audience=None)
