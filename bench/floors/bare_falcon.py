"""A floor: Falcon answers a constant JSON body and does nothing else."""

import falcon

TOKEN = {
    "id": 1,
    "concert_id": 1,
    "user_id": "fan",
    "status": "waiting",
    "position": 1000,
    "estimated_wait_seconds": 60,
    "issued_at": "2026-11-23T19:00:00.000Z",
    "admitted_at": None,
    "expires_at": "2026-11-24T19:00:00.000Z",
    "poll_after_seconds": 5,
}


class ConstantResource:
    """Answers every GET with the same token."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Answer."""
        resp.media = TOKEN


application = falcon.App()
application.add_route("/", ConstantResource())
