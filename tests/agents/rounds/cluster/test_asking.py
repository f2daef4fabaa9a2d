"""Contributors asked one by one on real raylets, where processes are killed, hang and talk rot."""

import numpy as np
import pytest

from rallypoint.agents.rounds.asking import AskedHere
from rallypoint.agents.rounds.cluster import AskedThere
from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.rounds.work import Task
from rallypoint.errors import NotReset
from tests.agents.rounds.toys import SIZE, Toys

pytestmark = [
    pytest.mark.usefixtures("nodes"),
    pytest.mark.filterwarnings("default"),  # Ray's own
]
COUNT, ROUNDS = 6, 6


class There:
    """A delivery on the cluster, which leaves nothing behind."""

    def __init__(self, toys, *, count=COUNT, tells_losses=False, logs=None, **settings):
        settings = {"actors": 2, "cpus": 0.5, **settings}
        placement = Placement(address="auto", source="installed", **settings)
        self.asking = AskedThere(toys, count, placement, tells_losses=tells_losses, logs=logs)

    def __enter__(self):
        return self.asking

    def __exit__(self, *_):
        self.asking.close()


def learned(asking, *, rounds=ROUNDS, before_round=lambda number: None):
    """Let everybody learn at parameters of its own; return these, and who was missing when."""
    models = np.arange(COUNT, dtype=np.float32)[:, None] + np.zeros((1, SIZE), dtype=np.float32)
    missing = []
    for number in range(rounds):
        before_round(number)
        for contributor, model in enumerate(models):
            asking.ask(contributor, Task(3 * number, 0, model[None], model[None]))
        for contributor in range(COUNT):
            heard = asking.answer(contributor)
            if heard.found is None:
                missing.append((number, contributor))
            else:
                models[contributor] -= np.float32(0.1) * heard.found.updates[0]
    return models, missing


def here(rounds=ROUNDS):
    return learned(AskedHere([Toys().workshop([one]) for one in range(COUNT)]), rounds=rounds)[0]


@pytest.mark.parametrize("actors", [1, 2, 4])
def test_one_two_and_four_actors_answer_the_bits_of_this_process(actors):
    with There(Toys(), actors=actors) as asking:
        models, missing = learned(asking)
        ends = asking.ends()
    assert models.tobytes() == here().tobytes()
    assert not missing
    own = AskedHere([Toys().workshop([one]) for one in range(COUNT)])
    learned(own)
    assert [end["numbers"].tobytes() for end in ends] == [
        end["numbers"].tobytes() for end in own.ends()
    ]


def test_what_is_lost_is_computed_elsewhere_and_the_numbers_do_not_change(tmp_path):
    wrong = ("kill", "raise", "shape", "dtype", "nan", "nothing")
    toys = Toys(tuple((3 * at, (5 * at) % COUNT, what) for at, what in enumerate(wrong)), tmp_path)
    with There(toys, logs=tmp_path / "logs") as asking:
        models, missing = learned(asking)
        tally, told = asking.tally, asking.told()
    assert models.tobytes() == here().tobytes()
    assert not missing
    assert (tally["gone"], tally["failed"], tally["again"]) == (1, 5, 6)
    assert tally["ordered"] == tally["arrived"] == ROUNDS * COUNT
    assert told["suspected"] == [1, 2, 3, 4, 5]
    assert told["replaced"] == 1
    lines = "".join(path.read_text() for path in (tmp_path / "logs").iterdir())
    for reason in ("told to", "updates are float32 (1, 7), got float32 (1, 6)", "not finite"):
        assert reason in lines


def test_who_hangs_is_asked_elsewhere_and_replaced(tmp_path):
    toys = Toys(((3, 0, "hang"),), tmp_path)
    with There(toys, patience=1.0) as asking:
        models, missing = learned(asking)
        tally, told = asking.tally, asking.told()
    assert models.tobytes() == here().tobytes()
    assert not missing
    assert tally["again"] >= 1
    assert told["late"] == [0]
    assert told["replaced"] == 1


def test_who_hangs_past_the_deadline_is_missing_and_the_others_are_not(tmp_path):
    toys = Toys(((3, 0, "hang!"), (6, 4, "raise!")), tmp_path)
    with There(toys, patience=0.5, deadline=2.0, actors=3) as asking:
        models, missing = learned(asking)
        tally = asking.tally
    assert missing == [(1, 0), (2, 4)]
    assert tally["missing"] == 2
    assert tally["failed"] >= 3  # more, where a slow machine had one asked twice at a time
    assert tally["ordered"] == tally["arrived"] + 2
    assert models[[1, 2, 3, 5]].tobytes() == here()[[1, 2, 3, 5]].tobytes()


def test_what_is_lost_can_be_told_of_at_once(tmp_path):
    toys = Toys(((0, 0, "kill"), (0, 1, "raise"), (0, 2, "nan")), tmp_path)
    zeros = np.zeros((1, SIZE), dtype=np.float32)
    heard = {}
    with There(toys, count=4, tells_losses=True) as asking:
        for contributor in range(4):
            asking.ask(contributor, Task(0, 0, zeros, zeros))
        for _ in range(4):
            told = asking.first()
            heard[told.contributor] = told
        with pytest.raises(NotReset, match="nobody has been asked"):
            asking.first()
        asking.ask(0, Task(0, 0, zeros, zeros))  # which is the same fragment, again
        again = asking.first()
        tally = asking.tally
    assert heard[0].found is None
    assert heard[0].is_gone
    assert heard[1].found is None
    assert not heard[1].is_gone
    assert "told to" in heard[1].reason
    for contributor, told in ((0, again), (2, heard[2]), (3, heard[3])):
        own = AskedHere([Toys().workshop([contributor])])
        own.ask(0, Task(0, 0, zeros, zeros))
        assert told.found.updates.tobytes() == own.answer(0).found.updates.tobytes()
    assert (tally["ordered"], tally["arrived"], tally["missing"]) == (5, 3, 2)
    assert (tally["gone"], tally["failed"]) == (1, 2)


def test_an_answer_to_what_was_asked_before_is_of_no_use():
    """Who has played a fragment at other parameters does not go on from there."""
    models = np.linspace(0, 1, 12, dtype=np.float32)[:, None, None] + np.zeros(
        (1, SIZE), dtype=np.float32
    )

    def answers(asking, *, changes_its_mind):
        found = []
        for number, model in enumerate(models):
            if changes_its_mind:
                asking.ask(0, Task(number, 0, -model, -model))
                if number % 3 == 0:  # it was answered, and nobody took the answer
                    asking.ask(1, Task(number, 0, model, model))
                    asking.answer(1)
            asking.ask(0, Task(number, 0, model, model))
            found.append(asking.answer(0).found.updates.tobytes())
        return found

    with There(Toys(), count=2) as asking:
        fickle = answers(asking, changes_its_mind=True)
    steady = answers(AskedHere([Toys().workshop([0])]), changes_its_mind=False)
    assert fickle == steady
