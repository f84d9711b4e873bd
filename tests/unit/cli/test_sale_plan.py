from collections import Counter

from cli.sale.plan import LEAVING, LETTING_GO, Temper, crowd


def test_a_seed_draws_the_same_crowd_again() -> None:
    assert crowd(200, 30, seed=7) == crowd(200, 30, seed=7)
    assert crowd(200, 30, seed=7) != crowd(200, 30, seed=8)


def test_fans_come_in_order_within_the_window_and_most_of_them_early() -> None:
    arrivals = [plan.arrives for plan in crowd(2000, 30, seed=1)]
    assert arrivals == sorted(arrivals)
    assert arrivals[0] >= 0
    assert arrivals[-1] <= 30
    assert sum(arrival < 15 for arrival in arrivals) > 1200


def test_some_leave_some_let_the_hold_run_out_and_nobody_wants_more_than_four() -> None:
    plans = crowd(20_000, 30, seed=3)
    tempers = Counter(plan.temper for plan in plans)
    assert abs(tempers[Temper.LEAVES] / 20_000 - LEAVING) < 0.01
    assert abs(tempers[Temper.LETS_GO] / 20_000 - LETTING_GO) < 0.01
    assert {plan.party for plan in plans} == {1, 2, 3, 4}
    assert len({plan.seed for plan in plans}) > 19_900
