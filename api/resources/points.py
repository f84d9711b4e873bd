"""Points: the balance, the ledger, and charging."""

import falcon

from api.caching import answer
from api.credentials import Credential
from api.operation import operation
from api.pagination import PageQuery
from api.schemas.points import BalanceView, ChargedView, ChargePoints, EntryView
from api.schemas.shape import Page
from api.wiring import Resource
from models.database import read_session
from models.errors import BalanceLimitExceededError
from models.points import PointAccount, PointEntry
from workers.points import charge

TAG = "Points"


class Points(Resource):
    """`/v1/points`."""

    @operation("See the balance", tag=TAG, credential=Credential.LIVE_TOKEN_OR_IDENTITY, answers={200: BalanceView})
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Tell the caller's balance."""
        with read_session():
            answer(resp, PointAccount.balance_of(req.context.caller.user_id))


class PointEntries(Resource):
    """`/v1/points/entries`."""

    @operation(
        "See the ledger",
        tag=TAG,
        credential=Credential.LIVE_TOKEN_OR_IDENTITY,
        query=PageQuery,
        answers={200: Page[EntryView]},
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List what changed the caller's balance, newest first."""
        query = req.context.query
        before_id = query.after("entries")
        with read_session():
            found = PointEntry.page(req.context.caller.user_id, limit=query.limit + 1, before_id=before_id)
        answer(resp, query.page("entries", found))


class PointCharges(Resource):
    """`/v1/points/charges`."""

    @operation(
        "Charge points",
        tag=TAG,
        credential=Credential.LIVE_TOKEN_OR_IDENTITY,
        body=ChargePoints,
        accepts=charge,
        result=ChargedView,
        outcomes=(BalanceLimitExceededError,),
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Accept a charge."""
        token = req.context.caller.token
        # The task belongs to the concert whose queue token asked for it; the workers read the amount alone.
        asked_with = {"queue_token_id": token.id} if token else {}
        self.wiring.acceptance.accept(req, resp, amount=req.context.body.amount, **asked_with)
