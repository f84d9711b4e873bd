import pytest

pytest.importorskip("simpy")

from bench.sale_model import SaleModel, Terms
from bench.simulate import deviations, predict

COSTS = {
    step: {"web": 0.5, "load generator": 0.1}
    for step in ("join", "poll", "dates", "seats", "points", "charge", "hold", "pay", "leave")
}


def test_no_seat_is_sold_twice_and_everybody_has_an_ending() -> None:
    model = SaleModel(Terms(fans=300, seats=50, arrive_over=5, hold=20), COSTS, {"all": 2})
    outcome = model.run()
    # The others are held by fans who let the hold run out, and nobody was left to buy them then.
    assert 40 <= outcome.sold <= 50
    assert len(model.taken) == 50
    assert sum(outcome.endings.values()) == 300
    assert min(outcome.waits) >= 1.0


def test_a_sale_ends_when_the_last_seat_is_sold() -> None:
    model = SaleModel(Terms(fans=3000, seats=50, arrive_over=5, hold=20), COSTS, {"all": 2})
    outcome = model.run()
    assert outcome.sold == 50
    assert outcome.sold_out_after == outcome.over_after
    assert sum(outcome.endings.values()) < 3000


def test_the_same_seed_predicts_the_same() -> None:
    terms = Terms(fans=200, seats=40, arrive_over=5, hold=20)
    assert predict(COSTS, terms, {"all": 2}) == predict(COSTS, terms, {"all": 2})


def test_dearer_requests_on_the_same_cores_make_fans_wait_longer() -> None:
    terms = Terms(fans=400, seats=60, arrive_over=5, hold=20)
    dear = {step: {"web": 200.0} for step in COSTS}
    cheap, slow = (predict(costs, terms, {"all": 2})["wait_p50"] for costs in (COSTS, dear))
    assert cheap is not None
    assert slow is not None
    assert slow > 2 * cheap


def test_a_role_with_cores_of_its_own_takes_its_work_off_the_others() -> None:
    terms = Terms(fans=300, seats=50, arrive_over=5, hold=20)
    together = predict(COSTS, terms, {"all": 2})
    apart = predict(COSTS, terms, {"all": 2, "web": 4})
    assert together["busy_all"] is not None
    assert apart["busy_all"] is not None
    assert apart["busy_all"] < together["busy_all"] / 3
    assert apart["busy_web"]


def test_a_prediction_is_held_against_the_same_figures_of_a_real_run() -> None:
    predicted: dict[str, float | None] = {"seconds": 120.0, "wait_p50": None, "busy_all": 0.5}
    assert deviations(predicted, {"seconds": 100.0, "wait_p50": 3.0}) == {"seconds": pytest.approx(0.2)}
