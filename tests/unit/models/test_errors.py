"""Every refusal has a code of its own and is one."""

import inspect

from models import errors

REFUSALS = [
    found
    for _, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, errors.DomainError) and found is not errors.DomainError
]


def test_every_refusal_has_a_code_of_its_own():
    codes = [refusal.code for refusal in REFUSALS]
    assert len(set(codes)) == len(codes) > 15


def test_a_code_is_the_name_of_its_class():
    for refusal in REFUSALS:
        words = "".join(word.capitalize() for word in refusal.code.split("_"))
        assert refusal.__name__ == f"{words}Error"


def test_a_refusal_keeps_its_sentence_and_its_facts():
    refusal = errors.SeatTakenError("Taken.", seat_ids=[1])
    assert (str(refusal), refusal.detail, refusal.members) == ("Taken.", "Taken.", {"seat_ids": [1]})
