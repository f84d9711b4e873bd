"""Identities for people who try the service out: what an identity provider would issue, signed with our own secret."""

import os
from pathlib import Path

import click
import jwt

from cli.configuration import settings_of
from cli.service import DataDir
from models import clock
from models.user import LONGEST_USER_ID, is_user_id

SECRETS = ("FRONTROW_SECRET", "FRONTROW_IDENTITY_SECRET")


def identity(user: str, *, operator: bool, seconds: float, data_dir: Path, name: str | None = None) -> str:
    """Return a JWT (HS256) for the user. Raises ClickException for a user id that the service would not take."""
    if not is_user_id(user):
        raise click.ClickException(
            f"{user[: LONGEST_USER_ID + 1]!r} is no user id: 1 to {LONGEST_USER_ID} characters, no control characters"
        )
    if not DataDir(data_dir).known_secret() and not any(os.environ.get(name) for name in SECRETS):
        raise click.ClickException(f"No service was ever started on {data_dir}, and FRONTROW_SECRET is not set.")
    settings = settings_of(data_dir)
    secret = (settings.identity_secret or settings.secret).get_secret_value()
    now = clock.utcnow().timestamp()
    claims: dict[str, object] = {"sub": user, "iat": int(now), "exp": int(now + seconds)}
    if name:
        claims["name"] = name
    if operator:
        claims["scope"] = "operator"
    if settings.identity_audience:
        claims["aud"] = settings.identity_audience
    if settings.identity_issuer:
        claims["iss"] = settings.identity_issuer
    return jwt.encode(claims, secret, algorithm="HS256")
