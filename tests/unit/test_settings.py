"""Settings: a service whose tokens could be forged does not start."""

import pytest
from pydantic import SecretStr, ValidationError

from settings import DEMO_SECRET, SHORTEST_SECRET, Settings

STRONG = "s" * SHORTEST_SECRET


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEMO", "SECRET", "IDENTITY_SECRET"):
        monkeypatch.delenv(f"FRONTROW_{name}", raising=False)


@pytest.mark.parametrize("secret", ["", "short", "s" * (SHORTEST_SECRET - 1), DEMO_SECRET])
def test_outside_demo_mode_a_default_or_short_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValidationError, match="FRONTROW_SECRET"):
        Settings(secret=SecretStr(secret))


def test_outside_demo_mode_a_short_identity_secret_is_refused() -> None:
    with pytest.raises(ValidationError, match="FRONTROW_IDENTITY_SECRET"):
        Settings(secret=SecretStr(STRONG), identity_secret=SecretStr("abc"))


def test_strong_secrets_are_taken() -> None:
    settings = Settings(secret=SecretStr(STRONG), identity_secret=SecretStr(STRONG))
    assert settings.secret.get_secret_value() == STRONG


def test_demo_mode_without_a_secret_has_the_known_one() -> None:
    assert Settings(demo=True).secret.get_secret_value() == DEMO_SECRET


def test_a_secret_is_not_shown() -> None:
    assert STRONG not in repr(Settings(secret=SecretStr(STRONG)))


@pytest.mark.parametrize("name", ["", "Seoul", "asia/seoul", "KST", "localtime"])
def test_a_time_zone_that_is_none_is_refused_at_the_start(name: str) -> None:
    with pytest.raises(ValidationError, match="IANA time zone"):
        Settings(demo=True, timezone=name)


def test_new_concerts_get_the_time_zone_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings(demo=True).policy.timezone == "Asia/Seoul"
    monkeypatch.setenv("FRONTROW_TIMEZONE", "America/New_York")
    assert Settings(demo=True).policy.timezone == "America/New_York"
