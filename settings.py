"""Everything an operator can set, read once from the environment into one frozen object."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.policy import Policy
from models.time_zones import check_time_zone

SHORTEST_SECRET = 32
# What a process started by hand in demo mode signs with; refused everywhere else.
DEMO_SECRET = "demo-mode-only-" + "0" * SHORTEST_SECRET


class Settings(BaseSettings):
    """The settings of one process; every field is the variable `FRONTROW_<FIELD>`.

    Durations are in seconds. Raises pydantic's `ValidationError` when a value is not usable, and
    refuses to exist outside demo mode with a missing or short secret.
    """

    model_config = SettingsConfigDict(env_prefix="FRONTROW_", frozen=True, extra="ignore", hide_input_in_errors=True)

    # Where the servers are. `frontrow up` fills these in when it starts embedded ones.
    database_url: str = "postgresql://localhost/frontrow"
    broker_url: str = "redis://localhost:6379/0"
    data_dir: Path = Path(".frontrow")

    # Who is believed.
    demo: bool = False
    secret: SecretStr = SecretStr("")
    identity_secret: SecretStr | None = None
    identity_jwks: str | None = None
    identity_audience: str | None = None
    identity_issuer: str | None = None

    # Policies of the sale.
    hold_seconds: float = Field(default=300, gt=0)
    released_seat_seconds: float = Field(default=30, ge=0)
    active_token_seconds: float = Field(default=600, gt=0)
    unused_admission_seconds: float = Field(default=60, gt=0)
    waiting_token_seconds: float = Field(default=86_400, gt=0)
    queue_capacity: int = Field(default=100, ge=1)
    # The shortest and the longest interval that waiting fans are told; the longest is by default, and at most, half of
    # the time that an unused admission is kept.
    poll_after_seconds: int = Field(default=2, ge=1)
    poll_at_most_seconds: float | None = Field(default=None, gt=0)
    seats_per_user: int = Field(default=4, ge=1)
    joins_per_hour: int = Field(default=10, ge=1)
    # The IANA time zone of concerts whose operator gives none, and of moments that belong to no concert.
    timezone: Annotated[str, AfterValidator(check_time_zone)] = "Asia/Seoul"
    retention_seconds: float = Field(default=86_400, gt=0)

    # How long a client is kept before he is told that a server is away.
    database_deadline_seconds: float = Field(default=2.0, gt=0)
    worker_database_deadline_seconds: float = Field(default=10.0, gt=0)
    broker_deadline_seconds: float = Field(default=0.5, gt=0)

    # How often one may come, as `limits` writes rates ("100/second"; empty for no limit), and how many
    # proxies of ours stand in front and add to X-Forwarded-For.
    rate_limit_per_token: str = "1200/minute"  # noqa: S105  # It is a rate.
    rate_limit_per_user: str = "3000/minute"
    rate_limit_per_address: str = ""
    trusted_proxies: int = Field(default=0, ge=0)

    # Who may read the metrics: "loopback" (the default), "all" or "none".
    metrics_access: str = Field(default="loopback", pattern="^(loopback|all|none)$")
    cors_origins: str = ""

    # The pages: where fans sign in outside demo mode, whose pages may hand an identity over, and the name shown.
    sign_in_url: str = ""
    handover_origins: str = ""
    service_name: str = Field(default="frontrow", min_length=1, max_length=60)
    log_level: str = "INFO"
    # Needs the extra `otel`; where spans go, the OTEL_* variables of OpenTelemetry say.
    traces: bool = False

    @classmethod
    def from_env(cls) -> Self:
        """Read the environment; the only place in frontrow that does."""
        return cls()

    @model_validator(mode="after")
    def _identities_are_meant_for_us(self) -> Self:
        if self.identity_jwks and not self.identity_audience:
            message = (
                "FRONTROW_IDENTITY_AUDIENCE must be set when FRONTROW_IDENTITY_JWKS is: the provider's keys sign for"
                " all who trust it, and `aud` alone says for whom"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _identities_cannot_be_forged(self) -> Self:
        if self.identity_secret is not None and not self.demo and not _is_strong(self.identity_secret):
            message = f"FRONTROW_IDENTITY_SECRET must have at least {SHORTEST_SECRET} bytes outside demo mode"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _secret_is_strong_enough(self) -> Self:
        if _is_strong(self.secret) and (self.demo or self.secret.get_secret_value() != DEMO_SECRET):
            return self
        if self.demo and not self.secret.get_secret_value():
            # A process started by hand in demo mode still needs a key; it is worth nothing elsewhere.
            object.__setattr__(self, "secret", SecretStr(DEMO_SECRET))
            return self
        message = (
            f"FRONTROW_SECRET must be set to at least {SHORTEST_SECRET} bytes outside demo mode"
            " (python -c 'import secrets; print(secrets.token_urlsafe(48))' makes one)"
        )
        raise ValueError(message)

    @model_validator(mode="after")
    def _intervals_fit(self) -> Self:
        half = self.unused_admission_seconds / 2
        given = self.poll_at_most_seconds
        if given is not None and not self.poll_after_seconds <= given <= max(half, self.poll_after_seconds):
            message = (
                "FRONTROW_POLL_AT_MOST_SECONDS must not be less than FRONTROW_POLL_AFTER_SECONDS, nor more than half of"
                " FRONTROW_UNUSED_ADMISSION_SECONDS"
            )
            raise ValueError(message)
        return self

    def _poll_at_most_seconds(self) -> float:
        given = self.poll_at_most_seconds
        return max(self.poll_after_seconds, given if given is not None else self.unused_admission_seconds / 2)

    @property
    def policy(self) -> Policy:
        """The rules of the sale, in the shape the domain takes them."""
        return Policy(
            hold=timedelta(seconds=self.hold_seconds),
            released_seat=timedelta(seconds=self.released_seat_seconds),
            active_token=timedelta(seconds=self.active_token_seconds),
            unused_admission=timedelta(seconds=self.unused_admission_seconds),
            waiting_token=timedelta(seconds=self.waiting_token_seconds),
            retention=timedelta(seconds=self.retention_seconds),
            seats_per_user=self.seats_per_user,
            joins_per_hour=self.joins_per_hour,
            queue_capacity=self.queue_capacity,
            timezone=self.timezone,
            poll_at_least=timedelta(seconds=self.poll_after_seconds),
            poll_at_most=timedelta(seconds=self._poll_at_most_seconds()),
        )


def _is_strong(secret: SecretStr) -> bool:
    return len(secret.get_secret_value().encode()) >= SHORTEST_SECRET
