"""The contract's own parts: actions that are refused, ends, and parts that are not offered."""

import inspect

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete, Space

from rallypoint.batch_env import OPTIONAL_PARTS, BatchEnv, Group, Step, check_actions
from rallypoint.checked import Checked, are_checked
from rallypoint.errors import InvalidAction, NotOffered
from rallypoint.wrapper import BatchWrapper
from tests.envs.harbour import Harbour

SPACES = {
    "discrete": Discrete(3, start=-1),
    "box": Box(np.float32(-1), np.float32([1, np.inf])),
    "pixels": Box(0, 255, (2,), np.uint8),
    "many": MultiDiscrete([2, 3], start=[0, 5]),
    "bits": MultiBinary(2),
}
RIGHT = {
    "discrete": np.int64(1),
    "box": np.float64([0.5, 9.0]),
    "pixels": np.int64([255, 0]),
    "many": np.int32([1, 7]),
    "bits": np.array([True, False]),
}


def group(name):
    return Group(name, ("zero", "one"), Discrete(2), SPACES[name])


def everybody(name, action):
    """Let both agents of three copies do one thing: (3, 2, …)."""
    action = np.asarray(action)
    return {name: np.tile(action, (3, 2, *[1] * action.ndim))}


@pytest.mark.parametrize("name", SPACES)
def test_actions_inside_their_space_are_taken_in_any_type_that_holds_them(name):
    check_actions([group(name)], 3, everybody(name, RIGHT[name]))


@pytest.mark.parametrize(
    ("name", "wrong", "sentence"),
    [
        ("discrete", 2, "an action of one must be an integer in -1..1, got 2 in row 2; 1 entries"),
        ("discrete", -2, "must be an integer in -1..1, got -2"),
        ("box", [0.5, -2.0], r"an action of one must be inside Box.*, got \[ 0.5 -2. \] in row 2"),
        ("box", [2.0, 0.0], "must be inside Box"),
        ("box", [np.nan, 0.0], r"got \[nan  0.\] in row 2; 1 entries are outside"),
        ("pixels", [256, 0], "an action of one must be inside Box.*uint8"),
        ("many", [0, 8], r"an action of one must be inside MultiDiscrete.*, got \[0 8\]"),
        ("many", [0, 4], "must be inside MultiDiscrete"),
        ("bits", [0, 2], "must be inside MultiBinary"),
    ],
)
def test_an_action_outside_its_space_is_refused_with_whose_it_is(name, wrong, sentence):
    actions = everybody(name, RIGHT[name])[name]
    actions = actions.astype(np.result_type(actions.dtype, np.asarray(wrong).dtype))
    actions[2, 1] = wrong
    with pytest.raises(InvalidAction, match=sentence):
        check_actions([group(name)], 3, {name: actions})


@pytest.mark.parametrize("start", [-1, 0, 2])
@pytest.mark.parametrize("kind", ["i1", "u1", "i4", "i8", "u8", ">i8", ">u8", ">i2"])
def test_a_number_is_what_it_is_in_every_spelling(kind, start):
    one = Group("all", ("zero",), Discrete(2), Discrete(3, start=start))
    limits = np.iinfo(kind)
    for number in (limits.min, -1, 0, 1, 2, 3, 4, 5, 2**56, limits.max):
        if not limits.min <= number <= limits.max:
            continue
        actions = {"all": np.array([[number]], dtype=kind)}
        if start <= number < start + 3:
            check_actions([one], 1, actions)
        else:
            with pytest.raises(InvalidAction, match=f"got {number} in row 0"):
                check_actions([one], 1, actions)


@pytest.mark.parametrize(
    ("name", "action", "sentence"),
    [
        ("discrete", 1.0, "integers in -1..1, got dtype float64; convert with"),
        ("discrete", True, "integers in -1..1, got dtype bool"),
        ("pixels", [1.5, 0.0], "are of type uint8, .* got dtype float64"),
        ("many", [1.0, 6.0], "are of type int64, .* got dtype float64"),
        ("box", [None, None], "are of type float32, .* got dtype object"),
        ("box", ["a", "b"], "are of type float32, .* got dtype <U1"),
    ],
)
def test_actions_of_a_wrong_type_are_refused(name, action, sentence):
    with pytest.raises(InvalidAction, match=sentence):
        check_actions([group(name)], 3, everybody(name, action))


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize(
    "reshaped", [lambda a: a[:2], lambda a: a[:, :1], lambda a: a[..., None], lambda a: a.tolist()]
)
def test_actions_of_a_wrong_shape_are_refused(name, reshaped):
    with pytest.raises(
        InvalidAction, match=rf"actions of group '{name}' are an array \(3, 2.* got"
    ):
        check_actions([group(name)], 3, {name: reshaped(everybody(name, RIGHT[name])[name])})


def test_actions_are_of_exactly_the_groups():
    groups = [group("discrete"), group("bits")]
    one = everybody("discrete", 0)
    for wrong in (one, one | everybody("bits", [0, 1]) | {3: 0}, one["discrete"], None):
        with pytest.raises(InvalidAction, match=r"a dict with exactly the groups \['bits', 'disc"):
            check_actions(groups, 3, wrong)


def test_actions_are_checked_for_one_world_and_as_long_as_they_are_the_same_arrays():
    worlds = [Harbour() for _ in range(2)]
    vouched = Checked({"agents": np.zeros((1, 2))}, worlds[0])
    assert are_checked(vouched, worlds[0])
    assert not are_checked(vouched, worlds[1])
    assert not are_checked(dict(vouched), worlds[0])
    vouched["agents"] = vouched["agents"] + 0
    assert not are_checked(vouched, worlds[0])
    assert not are_checked(Checked({}, worlds[0]) | vouched, worlds[0])


def test_spaces_of_other_kinds_are_asked_themselves():
    numbers = Group("numbers", ("zero",), Discrete(2), _Even())
    check_actions([numbers], 2, {"numbers": np.array([[2], [4]])})
    with pytest.raises(InvalidAction, match=r"an action of zero .* got 3 in row 1"):
        check_actions([numbers], 2, {"numbers": np.array([[2], [3]])})


class _Even(Space):
    """A space that nobody has heard of."""

    def __init__(self):
        super().__init__((), int)

    def contains(self, x):
        return x % 2 == 0


def test_a_copy_has_ended_when_nobody_goes_on():
    bits = {"alive": [1, 1, 1, 0], "terminated": [0, 1, 0, 0], "truncated": [0, 0, 1, 0]}
    bits = {name: np.array(values, dtype=bool) for name, values in bits.items()}

    def ended(*agents):
        rows = {name: values[None, list(agents)] for name, values in bits.items()}
        return bool(Step({}, np.zeros((1, len(agents))), infos={}, **rows).ended)

    goes_on, dies, is_cut_short, is_gone = range(4)
    assert ended(dies, is_cut_short, is_gone)
    assert not ended(dies, goes_on, is_gone)


class Bare(Harbour):
    """Has every part of a harbour, and offers none."""

    offers = frozenset()
    _state_arrays = ()
    state, action_mask, cost = BatchEnv.state, BatchEnv.action_mask, BatchEnv.cost
    geometry, regions = BatchEnv.geometry, BatchEnv.regions
    remove, render = BatchEnv.remove, BatchEnv.render


@pytest.mark.parametrize("part", [*OPTIONAL_PARTS, "restore"])
def test_a_part_that_is_not_offered_says_so_and_what_is(part):
    env = Bare()
    env.reset(seed=0)
    arguments = [{}] * (len(inspect.signature(getattr(env, part)).parameters))
    name = {"restore": "snapshot"}.get(part, part)
    with pytest.raises(NotOffered, match=f"does not offer '{name}'; it offers none of the"):
        getattr(env, part)(*arguments)
    other = Harbour()
    if name not in other.offers:
        with pytest.raises(NotOffered, match="it offers action_mask, cost, geometry, regions"):
            getattr(other, part)(*arguments)


def test_a_world_that_draws_nothing_says_so():
    with pytest.raises(NotOffered, match="lab/harbour-v0 draws no pictures"):
        Bare().render()


def test_a_wrapper_hands_on_every_part_of_the_contract():
    public = {name for name in vars(BatchEnv) if not name.startswith("_")}
    own = set(vars(BatchWrapper)) | set(vars(BatchWrapper(Harbour())))
    derived = {"agents", "num_agents", "num_copies"}  # follow from the groups and the copies
    assert public - own == derived


def test_a_wrapped_world_is_the_same_world():
    plain, wrapped = (
        Harbour(copies=2, render_mode="ansi"),
        BatchWrapper(Harbour(copies=2, render_mode="ansi")),
    )
    actions = {"boats": np.zeros((2, 2), dtype=int), "gulls": np.zeros((2, 3, 2))}
    said = [
        str(
            [
                env.reset(3),
                env.seed,
                env.step(actions),
                env.reset(mask=np.array([True, False])),
                env.state(),
                env.action_mask(),
                env.cost(),
                env.geometry(),
                env.remove(np.zeros((2, 5), dtype=bool)),
                env.alive,
                env.restore(env.snapshot()),
                env.render(1),
                env.agents,
            ]
        )
        for env in (plain, wrapped)
    ]
    assert said[0] == said[1]
    wrapped.close()
