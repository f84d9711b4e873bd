"""Identities for people who try the service out: what an identity provider would issue, signed with our own secret."""

import os
import re
from pathlib import Path

import click
import jwt

from cli.configuration import settings_of
from cli.service import DataDir
from models import clock

SECRETS = ("FRONTROW_SECRET", "FRONTROW_IDENTITY_SECRET")
USER_ID = re.compile(r"[A-Za-z0-9_.@:-]{1,64}")


def identity(user: str, *, operator: bool, seconds: float, data_dir: Path) -> str:
    """Return a JWT (HS256) for the user. Raises ClickException for a user id that the service would not take."""
    if not USER_ID.fullmatch(user):
        raise click.ClickException(f"{user!r} is no user id: 1 to 64 of A-Z a-z 0-9 _ . @ : -")
    if not DataDir(data_dir).known_secret() and not any(os.environ.get(name) for name in SECRETS):
        raise click.ClickException(f"No service was ever started on {data_dir}, and FRONTROW_SECRET is not set.")
    settings = settings_of(data_dir)
    secret = (settings.identity_secret or settings.secret).get_secret_value()
    now = clock.utcnow().timestamp()
    claims: dict[str, object] = {"sub": user, "iat": int(now), "exp": int(now + seconds)}
    if operator:
        claims["scope"] = "operator"
    if settings.identity_audience:
        claims["aud"] = settings.identity_audience
    if settings.identity_issuer:
        claims["iss"] = settings.identity_issuer
    return jwt.encode(claims, secret, algorithm="HS256")
