"""The broker queues: who waits behind whom. Each has a worker entry of its own in the Procfile."""

from enum import StrEnum


class BrokerQueue(StrEnum):
    """Celery's queues, not to be mixed up with the fans' line."""

    QUEUE_TOKENS = "queue_tokens"
    RESERVATIONS = "reservations"
    POINTS = "points"
    PAYMENTS = "payments"
    SWEEPS = "sweeps"
