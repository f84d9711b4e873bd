"""Identities and key sets as an identity provider makes them, for tests."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from settings import Settings

SECRET = "a secret of thirty-two bytes or more"
RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def settings(**more: Any) -> Settings:
    audience = {"identity_audience": "tickets"} if "identity_jwks" in more else {}
    return Settings(demo=True, secret=SECRET, **{**audience, **more})


def claims(**more: Any) -> dict[str, Any]:
    found = {"sub": "fan-1", "aud": "tickets", "exp": datetime.now(UTC) + timedelta(hours=1), **more}
    return {name: value for name, value in found.items() if value is not None}


def key_set(path: Path, **keys: Any) -> str:
    found = []
    for key_id, key in keys.items():
        algorithm = "EdDSA" if isinstance(key, ed25519.Ed25519PrivateKey) else "RS256"
        to_jwk = jwt.get_algorithm_by_name(algorithm).to_jwk
        found.append({**to_jwk(key.public_key(), as_dict=True), "kid": key_id, "alg": algorithm})
    path.write_text(json.dumps({"keys": found}))
    return str(path)
