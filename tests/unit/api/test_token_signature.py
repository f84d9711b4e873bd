from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from api.token_signature import QueueTokenClaims, TokenSignature

CLAIMS = QueueTokenClaims(7, 3, 41, "fan@example.org", datetime(2026, 11, 23, 19, 0, 0, 123_000, tzinfo=UTC))
SIGNATURE = TokenSignature(SecretStr("a secret of thirty-two bytes or more"))
TOKEN = SIGNATURE.sign(CLAIMS)


def test_a_token_says_what_it_was_signed_with() -> None:
    assert SIGNATURE.read(TOKEN) == CLAIMS


def test_a_token_is_the_same_each_time() -> None:
    again = TokenSignature(SecretStr("a secret of thirty-two bytes or more"))
    assert again.sign(CLAIMS) == TOKEN


def test_another_secret_makes_and_believes_other_tokens() -> None:
    other = TokenSignature(SecretStr("another secret of thirty-two bytes"))
    assert other.sign(CLAIMS) != TOKEN
    assert other.read(TOKEN) is None


@pytest.mark.parametrize("index", range(len(TOKEN)))
def test_no_character_can_be_changed(index: int) -> None:
    for other in "A_-z":
        changed = TOKEN[:index] + other + TOKEN[index + 1 :]
        assert changed == TOKEN or SIGNATURE.read(changed) is None


@pytest.mark.parametrize(
    "text", ["", "qt_", "qt_A", "qt_====", "qt_ü", "qt_" + "A" * 80, "qt_" + "A" * 9000, TOKEN + "=", TOKEN + " "]
)
def test_nonsense_is_not_read(text: str) -> None:
    assert SIGNATURE.read(text) is None


def test_a_part_of_a_token_is_no_token() -> None:
    assert all(SIGNATURE.read(TOKEN[:length]) is None for length in range(len(TOKEN)))
