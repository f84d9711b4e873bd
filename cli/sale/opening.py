"""Opens a sale: signs identities, and has the operator create a concert of exactly so many seats."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import httpx
import jwt

from cli.configuration import settings_of
from cli.sale.crowd import Sale
from cli.token import identity

ROW = 50
PRICE = 50_000
LIFE = 6 * 3600.0


def open_sale(url: str, data_dir: Path, *, seats: int, capacity: int, at_most: float) -> Sale:
    """Create the concert at the service; raises ClickException when it cannot be reached or refuses."""
    operator = identity("sale-operator", operator=True, seconds=LIFE, data_dir=data_dir)
    headers = {"Authorization": f"Bearer {operator}"}
    try:
        answer = httpx.post(
            f"{url}/v1/operator/concerts", json=concert(seats, capacity), headers=headers, timeout=60
        ).raise_for_status()
    except httpx.HTTPStatusError as error:
        raise click.ClickException(f"The concert was refused: {error.response.text}") from error
    except httpx.HTTPError as error:
        raise click.ClickException(f"No service answers at {url} ({error}). Start one: frontrow up") from error
    return Sale(int(answer.json()["id"]), operator, signer(data_dir), at_most)


def concert(seats: int, capacity: int) -> dict[str, Any]:
    """Return the operator's request for a concert with one date and exactly so many seats."""
    now = datetime.now(UTC)
    sections = [
        {"name": "Stalls", "rows": seats // ROW, "seats_per_row": ROW, "price": PRICE},
        {"name": "Balcony", "rows": 1, "seats_per_row": seats % ROW, "price": PRICE // 2},
    ]
    performance = {
        "starts_at": (now + timedelta(days=30)).isoformat(),
        "reservable_from": (now - timedelta(minutes=1)).isoformat(),
        "reservable_until": (now + timedelta(days=29)).isoformat(),
        "sections": [section for section in sections if section["rows"] and section["seats_per_row"]],
    }
    return {
        "title": f"On-sale of {now:%Y-%m-%d %H:%M:%S}",
        "venue": "Simulated hall",
        "queue": {"capacity": capacity},
        "performances": [performance],
    }


def signer(data_dir: Path) -> Callable[[str], str]:
    """Return what makes a fan's identity from his user id.

    `cli.token.identity` reads the settings for each one, which twenty thousand fans would wait for.
    """
    settings = settings_of(data_dir)
    secret = (settings.identity_secret or settings.secret).get_secret_value()
    claims: dict[str, Any] = {"exp": int((datetime.now(UTC) + timedelta(seconds=LIFE)).timestamp())}
    claims |= {"aud": settings.identity_audience} if settings.identity_audience else {}
    claims |= {"iss": settings.identity_issuer} if settings.identity_issuer else {}
    return lambda user_id: jwt.encode(claims | {"sub": user_id}, secret, algorithm="HS256")
