"""Regimes carried out: populations beside each other, and after a stop."""

import numpy as np
import pytest

from rallypoint.agents.coevolution.conduct import evolve
from rallypoint.agents.coevolution.kept import Kept
from rallypoint.agents.coevolution.regimes.coevolution import Coevolution
from rallypoint.agents.coevolution.regimes.in_turns import OneAgainstOne
from rallypoint.agents.gradient.checkpoints import CHECKPOINT
from rallypoint.errors import InvalidConfig, UnreadableFile

SMALL = {"units": (4,), "birth_rounds": 1, "host_rounds": 1, "pathogen_rounds": 1}


@pytest.fixture(scope="module")
def regime(ring):
    several = {"hosts": 2, "pathogens": 2, "earlier": ((2,),), "passes": 3, "virulence": 20.0}
    return Coevolution(ring=ring, budget=6_000, **several, **SMALL)


def same(one, other):
    parts, others = one.snapshot(), other.snapshot()
    for name in parts:
        np.testing.assert_array_equal(parts[name], others[name], err_msg=name)


class Stopped(Exception):
    """Somebody pressed Ctrl-C."""


def test_a_population_evolves_alone_as_among_others(regime):
    rounds = []
    together = evolve(regime, [3, 4, 5], told=lambda those: rounds.append(dict(those)))
    same(evolve(regime, [4])[4], together[4])
    assert together[3].spent != together[4].spent or together[3].full != together[4].full
    spent = np.array([[those[seed].spent for seed in (3, 4, 5)] for those in rounds])
    assert (np.diff(spent, axis=0) >= 0).all()
    assert spent.max() <= 6_000
    assert sum(population.full + population.silent for population in together.values()) > 0


def test_what_was_stopped_goes_on_to_the_same_bits(regime, tmp_path):
    whole = evolve(regime, [3, 4])
    for stop in (1, 6):
        heard = []

        def stopped(_, heard=heard, stop=stop):
            heard.append(1)
            if len(heard) == stop:
                raise Stopped

        folder = tmp_path / str(stop)
        with pytest.raises(Stopped):
            evolve(regime, [3, 4], kept=folder, told=stopped)
        again = evolve(regime, [3, 4], kept=folder, told=heard.append)
        for seed in (3, 4):
            same(again[seed], whole[seed])
    finished = []
    same(evolve(regime, [4], kept=folder, told=finished.append)[4], whole[4])
    assert not finished


def test_what_is_kept_of_another_regime_is_refused(regime, ring, tmp_path):
    other = OneAgainstOne(ring=ring, budget=1000, **SMALL)
    evolve(other, [0], kept=tmp_path)
    Kept(tmp_path, other).check()
    with pytest.raises(InvalidConfig, match="another regime"):
        evolve(regime, [0], kept=tmp_path)
    with pytest.raises(InvalidConfig, match="seed-0 keeps a population of another regime"):
        Kept(tmp_path, regime).check()


def test_a_damaged_file_is_refused(ring, tmp_path):
    regime = OneAgainstOne(ring=ring, budget=1000, **SMALL)
    evolve(regime, [0], kept=tmp_path)
    (file,) = tmp_path.rglob(CHECKPOINT)
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(UnreadableFile, match="no readable checkpoint"):
        evolve(regime, [0], kept=tmp_path)
