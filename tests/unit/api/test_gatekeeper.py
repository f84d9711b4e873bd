"""What the gatekeeper makes of a queue token that a new connection brings, without asking a server."""

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from api.credentials import Gatekeeper
from api.freshness import Freshness
from api.lanes import Lane
from api.lines import Lines
from api.token_signature import QueueTokenClaims, TokenSignature
from settings import Settings

SECRET = SecretStr("a secret of more than thirty-two bytes")
CLAIMS = QueueTokenClaims(1, 7, 3, "annie", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def gatekeeper() -> Gatekeeper:
    return Gatekeeper(Settings(demo=True, secret=SECRET), TokenSignature(SECRET), Lines(), Freshness(lambda: 0))


def test_a_genuine_token_of_a_line_that_is_not_known_here_may_be_inside(gatekeeper: Gatekeeper) -> None:
    assert gatekeeper.lane_of(TokenSignature(SECRET).sign(CLAIMS)) is Lane.NEXT


def test_a_forged_token_puts_nobody_ahead(gatekeeper: Gatekeeper) -> None:
    forged = TokenSignature(SecretStr(SECRET.get_secret_value()[::-1])).sign(CLAIMS)
    assert gatekeeper.lane_of(forged) is None
