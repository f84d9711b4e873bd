"""What the pages must know of the settings, and nothing secret."""

from settings import Settings

Configuration = dict[str, bool | int | str | list[str]]


def configuration_of(settings: Settings) -> Configuration:
    """Choose what a browser may know: the demo mode, the seats' limit, the time zone, where a fan signs in."""
    return {
        "service_name": settings.service_name,
        "demo": settings.demo,
        "seats_per_user": settings.seats_per_user,
        "timezone": settings.timezone,
        "poll_after_seconds": settings.poll_after_seconds,
        "sign_in_url": settings.sign_in_url,
        "handover_origins": settings.handover_origins.split(),
    }
