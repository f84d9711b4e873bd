import pytest

pytest.importorskip("simpy")

from bench.line_model import LineModel
from bench.sale_model import SaleModel, Terms
from bench.simulate import deviations, predict, with_fans
from models.pacing import Turnover

COSTS = {
    step: {"web": 0.5, "load generator": 0.1}
    for step in ("join", "poll", "watch", "dates", "seats", "points", "charge", "hold", "pay", "leave")
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


def test_fans_who_wait_as_told_ask_far_less_than_fans_who_poll() -> None:
    paced, polling = (
        predict(COSTS, Terms(fans=3000, seats=2000, arrive_over=5, capacity=20, at_most=40, poll=poll), {"all": 2})
        for poll in (None, 5.0)
    )
    assert polling["watches_per_second_outside"] == 0
    assert paced["origin_per_second_outside"] < 0.5 * polling["origin_per_second_outside"]
    assert paced["cached_per_second_outside"] == pytest.approx(paced["polls_per_second_outside"] + 1)
    # And still know within seconds that it is their turn.
    assert paced["noticed_p95"] <= 3.0


def test_outcomes_that_are_waited_for_are_one_request_and_known_at_once() -> None:
    assert with_fans(COSTS, 0.2)["pay"]["fans"] == 0.2
    assert with_fans(COSTS, 0.2, polls=True)["pay"]["fans"] == 0.4
    assert with_fans(COSTS, 0.2, polls=True)["poll"]["fans"] == 0.2
    first = [
        predict(COSTS, Terms(fans=50, seats=200, arrive_over=1, poll=poll), {"all": 2})["first_sold_after"]
        for poll in (None, 5.0)
    ]
    assert first[0] < first[1]


def test_those_inside_are_answered_first_where_there_are_lanes() -> None:
    dear = {step: {"web": 4.0} for step in COSTS}
    terms = {"fans": 3000, "seats": 300, "arrive_over": 5, "at_most": 15}
    lanes, none = (predict(dear, Terms(**terms, poll=poll), {"all": 2}) for poll in (None, 5.0))
    assert lanes["seats_sold"] > 2 * none["seats_sold"]


def a_line(capacity: int = 10) -> LineModel:
    return LineModel(capacity)


def test_a_fan_is_told_a_tenth_of_the_expected_wait_within_limits_and_spread() -> None:
    line = a_line()
    places = [line.join() for _ in range(1000)]
    line.admit(0.0)
    assert (line.serving, line.active) == (10, 10)
    line.turnover = Turnover(freed=40, seconds=20)
    looks = {}
    for number in (11, 115, 1000):
        line.tell(places[number - 1], 0.0)
        looks[number] = places[number - 1].lookout
    assert looks[11].pause == 2
    # 105 places behind those who are served, 5 of them next: 50 s at two a second.
    assert 4 <= looks[115].pause <= 6
    assert 25 <= looks[1000].pause <= 35
    assert [looks[number].watches for number in (11, 115, 1000)] == [False, True, True]


def test_the_turnover_is_learned_only_while_the_room_is_full() -> None:
    line = a_line()
    last = [line.join() for _ in range(110)][-1]
    line.admit(0.0)
    # Those who were let into an empty room tell nothing of how quickly places come free.
    assert line.turnover == Turnover()
    assert line.wait_of(last) == (100 - 5) / Turnover().expected(10)
    for second in range(1, 11):
        line.active -= 5
        line.admit(float(second))
    assert line.serving == 60
    assert line.turnover.seconds == pytest.approx(8.5, rel=0.05)
    assert line.turnover.freed == pytest.approx(5 * line.turnover.seconds, rel=0.01)


def test_a_fan_far_back_asks_with_the_token_when_the_document_says_their_turn_comes() -> None:
    line = a_line()
    places = [line.join() for _ in range(300)]
    line.admit(0.0)
    line.turnover = Turnover(freed=40, seconds=20)
    near, far = places[15], places[-1]
    for place in (near, far):
        place.lookout.told({"place": place.number, "watch": "queue", "poll_after_seconds": 20}, 0.0)
    assert line.show(near) is True
    assert line.show(far) is False


def test_whoever_left_is_passed_over() -> None:
    line = a_line(capacity=1)
    places = [line.join() for _ in range(3)]
    places[0].left = True
    line.admit(1.0)
    assert [place.active for place in places] == [False, True, False]
    assert (line.serving, line.longest) == (2, 3)
