"""The changed requests of the benchmark that sends them."""

from itertools import islice

from bench.mutations import mutated, requests

VALID = requests("a-topic", "127.0.0.1:8082")
COUNT = 2_000


def test_a_seed_gives_the_same_requests_again() -> None:
    first, second = (list(islice(mutated(VALID, 7), COUNT)) for _ in range(2))
    assert first == second
    assert first != list(islice(mutated(VALID, 8), COUNT))


def test_nearly_all_differ_from_the_valid_ones_and_from_each_other() -> None:
    made = list(islice(mutated(VALID, 7), COUNT))
    assert sum(each in VALID for each in made) < COUNT / 20
    assert len({*made}) > COUNT * 0.7


def test_changed_bodies_come_with_their_true_length_too() -> None:
    true = 0
    for each in islice(mutated(VALID, 7), COUNT):
        head, _, body = each.partition(b"\r\n\r\n")
        true += (
            each not in VALID
            and b"{" in body
            and f"Content-Length: {len(body)}\r\n".encode() in head + b"\r\n"
        )
    assert true > COUNT / 10
