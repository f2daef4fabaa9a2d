"""Designs keep effects apart, and say which they do not."""

from itertools import combinations

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.experiments.factorial.design import FULL, design
from rallypoint.experiments.factorial.effects import effects

# The best there are: Box & Hunter (1961), and Montgomery, Design and Analysis of Experiments.
RESOLUTIONS = {(3, 4): 3, (4, 8): 4, (5, 16): 5, (5, 8): 3, (6, 32): 6, (6, 16): 4} | {
    (7, 16): 4,
    (7, 32): 4,
    (8, 16): 4,
    (8, 32): 4,
}


def columns(made, switches):
    return (2 * made.on[:, list(switches)].astype(int) - 1).prod(axis=1)


@pytest.mark.parametrize("switches", [1, 2, 3, 4, 5])
def test_a_full_design_has_every_combination_once(switches):
    made = design(switches, 32)
    assert len({tuple(row) for row in made.on}) == 2**switches == len(made.on)
    assert made.resolution == FULL
    assert not made.on[0].any()


@pytest.mark.parametrize(("size", "resolution"), RESOLUTIONS.items())
def test_a_fraction_is_the_best_there_is(size, resolution):
    made = design(*size)
    assert made.on.shape == (2 ** int(np.log2(size[1])), size[0])
    assert made.resolution == resolution
    assert not made.on[0].any()  # one cell in which nothing goes wrong
    for one, other in combinations(range(size[0]), 2):
        assert columns(made, [one]) @ columns(made, [other]) == 0


@pytest.mark.parametrize("size", RESOLUTIONS)
def test_aliases_are_the_effects_with_the_same_column(size):
    made = design(*size)
    small = [(i,) for i in range(size[0])] + list(combinations(range(size[0]), 2))
    for switches in small:
        same = {
            other
            for other in small
            if other != switches
            and abs(columns(made, switches) @ columns(made, other)) == len(made.on)
        }
        assert made.aliases(switches).keys() == same


@pytest.mark.parametrize("size", RESOLUTIONS)
def test_what_is_measured_is_an_effect_and_so_much_of_its_aliases(size):
    rng = np.random.default_rng(0)
    made, switches = design(*size), size[0]
    pairs = {pair: rng.normal() for pair in combinations(range(switches), 2)}
    alone = rng.normal(size=switches)
    response = made.on @ alone + sum(
        extra * made.on[:, list(pair)].all(axis=1) for pair, extra in pairs.items()
    )
    true = dict(pairs)
    for switch in range(switches):  # the others are on in half of the cells
        extra = sum(x for pair, x in pairs.items() if switch in pair) / 2
        true[switch,] = alone[switch] + extra
    for effect in effects(made, response[:, None]):
        with_others = sum(factor * true[alias] for alias, factor in effect.aliases.items())
        assert effect.by_seed == pytest.approx([true[effect.switches] + with_others])


def test_what_cannot_be_kept_apart_is_refused():
    with pytest.raises(InvalidConfig, match="allow more cells"):
        design(9, 8)
    with pytest.raises(InvalidConfig, match="nothing to switch"):
        design(0, 8)


@pytest.mark.parametrize("size", [(1, 4), (3, 32), (4, 32), (5, 16), (6, 32)])
def test_planted_effects_are_found(size):
    rng = np.random.default_rng(0)
    made = design(*size)
    alone = rng.normal(size=size[0])
    pairs = {pair: rng.normal() for pair in combinations(range(size[0]), 2)}
    shift = rng.normal(size=4)  # of seeds, which are in every cell
    response = made.on @ alone
    for pair, extra in pairs.items():
        response = response + extra * made.on[:, list(pair)].all(axis=1)
    found = {e.switches: e for e in effects(made, response[:, None] + shift)}
    assert len(found) == size[0] + len(pairs)
    for switch in range(size[0]):
        # The others are on in half of the cells.
        wanted = alone[switch] + sum(x for pair, x in pairs.items() if switch in pair) / 2
        assert found[switch,].by_seed == pytest.approx(np.full(4, wanted))
    for pair, extra in pairs.items():
        assert found[pair].by_seed == pytest.approx(np.full(4, extra))


def test_seeds_needed_grow_with_noise_and_fall_with_size():
    made = design(2, 4)
    noise = np.random.default_rng(1).normal(size=(4, 8))
    noise -= noise.mean(axis=1, keepdims=True)

    def needed(size, spread):
        response = size * made.on[:, :1] + spread * noise
        return effects(made, response)[0].seeds_needed()

    assert needed(1, 0.1) == 3
    assert needed(1, 3) > needed(1, 1)
    assert needed(0.5, 3) > needed(1, 3)
    assert needed(0, 0) is None
