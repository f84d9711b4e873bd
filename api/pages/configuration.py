"""What the pages must know of the settings, and nothing secret."""

from settings import Settings

Configuration = dict[str, bool | int | float | str | list[str]]


def configuration_of(settings: Settings) -> Configuration:
    """Choose what a browser may know: the demo mode, limits and times of a turn, where a fan signs in."""
    return {
        "service_name": settings.service_name,
        "demo": settings.demo,
        "seats_per_user": settings.seats_per_user,
        "timezone": settings.timezone,
        "poll_after_seconds": settings.poll_after_seconds,
        "unused_admission_seconds": settings.unused_admission_seconds,
        "active_token_seconds": settings.active_token_seconds,
        "sign_in_url": settings.sign_in_url,
        "handover_origins": settings.handover_origins.split(),
    }
