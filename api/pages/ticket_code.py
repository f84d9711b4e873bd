"""The QR code of a ticket: a signed line of text that a door can check without asking the service."""

import hmac
from base64 import urlsafe_b64encode
from io import BytesIO

import falcon
import segno
from pydantic import SecretStr

from api.credentials import Credential
from api.operation import operation
from api.pages.security import harden
from models import reservation_view
from models.database import read_session
from models.errors import ReservationNotFoundError, ReservationNotHeldError
from models.reservation_status import ReservationStatus
from settings import Settings

PREFIX = "FR1"
_KEY_PURPOSE = b"frontrow ticket 1"


class TicketSignature:
    """Signs tickets, and checks a scanned one."""

    def __init__(self, secret: SecretStr) -> None:
        """Derive the key; tickets stay good as long as the secret stays the same."""
        self._key = hmac.digest(secret.get_secret_value().encode(), _KEY_PURPOSE, "sha256")

    def sign(self, payment_id: int, reservation_id: int, seat_ids: list[int]) -> str:
        """Return `FR1.<payment>.<reservation>.<seats>.<signature>`, in the alphabet of a readable code."""
        facts = f"{PREFIX}.{payment_id}.{reservation_id}.{'-'.join(map(str, seat_ids))}"
        signature = hmac.digest(self._key, facts.encode(), "sha256")[:16]
        return f"{facts}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    def is_genuine(self, text: str) -> bool:
        """Tell whether `text` is a ticket of ours; whether it was refunded since, only the service knows."""
        parts = text.split(".")
        numbers = parts[1:3] + parts[3].split("-") if len(parts) == 5 else [""]  # See `sign`.
        if parts[0] != PREFIX or not all(number.isascii() and number.isdecimal() for number in numbers):
            return False
        expected = self.sign(int(parts[1]), int(parts[2]), [int(seat) for seat in numbers[2:]])
        return hmac.compare_digest(expected.encode(), text.encode())


def draw(text: str) -> bytes:
    """Draw `text` as an SVG, black on white in both colour schemes, as scanners want it."""
    image = BytesIO()
    segno.make_qr(text, error="m").save(image, kind="svg", scale=4, border=4, dark="#000", light="#fff", xmldecl=False)
    return image.getvalue()


class TicketCodeResource:
    """`GET /tickets/{reservation_id}/code.svg`, for the identity of who paid: a queue token opens no door."""

    def __init__(self, settings: Settings) -> None:
        """Sign with the service's secret."""
        self._signature = TicketSignature(settings.secret)

    @operation("The code of a ticket", tag="pages", credential=Credential.IDENTITY, media_type="image/svg+xml")
    def on_get(self, req: falcon.Request, resp: falcon.Response, reservation_id: int) -> None:
        """Draw the code; 404 for somebody else's reservation, 409 for one that is not paid."""
        with read_session():
            found = reservation_view.find_own(reservation_id, req.context.caller.user_id)
        if found is None:
            message = f"There is no reservation {reservation_id}."
            raise ReservationNotFoundError(message)
        if found["status"] != ReservationStatus.CONFIRMED:
            message = f"Reservation {reservation_id} is {found['status']}: it has no ticket."
            raise ReservationNotHeldError(message, reservation_status=found["status"])
        harden(resp)
        resp.content_type = "image/svg+xml"
        seat_ids = [seat["id"] for seat in found["seats"]]
        resp.data = draw(self._signature.sign(found["payment_id"], found["id"], seat_ids))
