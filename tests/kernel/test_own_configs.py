"""What somebody's own config says by its annotations is not read more narrowly than it is meant."""

import json
from abc import ABC, abstractmethod
from dataclasses import InitVar, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Dict, List, Literal, NamedTuple, Tuple  # noqa: UP035 - as others write

import numpy as np
import pytest

from rallypoint.agents.gradient.estimators.sa_ppo import SaPpo
from rallypoint.agents.tabular.careful import Careful
from rallypoint.config import Config, from_dict, to_dict
from rallypoint.errors import InvalidConfig
from rallypoint.kinds import A_PATH
from rallypoint.safety.defences.trimmed_perception import Trimming
from rallypoint.safety.interruption.initiation import Initiation
from rallypoint.safety.interruption.takeover import Takeover
from rallypoint.safety.limits import Budget, Byzantine, Schedule, Share
from rallypoint.safety.perception.reach import Reach
from rallypoint.safety.threats.constant_action import ConstantAction
from rallypoint.safety.threats.feedback.reward_constant import RewardConstant
from rallypoint.safety.threats.interruption import Interruption
from rallypoint.safety.threats.mapped_action import MappedAction
from rallypoint.safety.threats.neuron_faults import NeuronFaults
from rallypoint.safety.threats.observation_noise import ObservationNoise
from rallypoint.safety.threats.perception.percept_map import PerceptMap
from rallypoint.safety.threats.teammate.look_ahead import LookAhead

HERE = Path("runs/here")


class Place(NamedTuple):
    x: float
    y: float = 0.0


NEAR = Place(1.0)


class Way(StrEnum):
    FAST = "fast"


@dataclass(frozen=True, kw_only=True)
class Own(Config):
    many: List = ()  # noqa: UP006
    pair: Tuple = ()  # noqa: UP006
    table: Dict = None  # noqa: UP006
    way: Literal["fast", "slow", 1] = "slow"
    place: Place = NEAR
    places: tuple[Place, ...] = (NEAR, NEAR)
    width: int = "auto"
    where: Annotated[str, A_PATH] = "here"


@pytest.mark.parametrize(
    "told",
    [
        {"many": [1, "a"]},
        {"pair": (1, "a")},
        {"table": {"a": 1}},
        {"way": Way.FAST},
        {"way": 1},
        {"place": Place(0.5)},
        {"width": "auto"},
        {"where": Path("there")},
    ],
)
def test_what_is_meant_is_taken(told):
    made = Own(**told)
    (name,) = told
    assert getattr(made, name) == told[name]
    assert replace(made, many=[2]).many == [2]


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"many": 1}, "many is a list, got 1"),
        ({"pair": "ab"}, "pair is a list, got 'ab'"),
        ({"table": [1]}, r"table is a table or null, got \[1\]"),
        ({"way": True}, "way is one of 'fast', 'slow', 1, got True"),
        ({"place": 1.0}, "place is a Place, got 1.0"),
        ({"width": "wide"}, "width is an integer or 'auto', got 'wide'"),
        ({"where": 3}, "where is text, got 3"),
    ],
)
def test_what_cannot_be_meant_is_refused(told, says):
    with pytest.raises(InvalidConfig, match=f"^Own: {says}$"):
        Own(**told)


@dataclass(frozen=True, kw_only=True)
class Placed(Config):
    place: Place = NEAR
    places: tuple[Place, ...] = (NEAR, NEAR)


SWEPT = [
    (Share, {"count": np.int64(2)}, {"count": 2}),
    (Share, {"counts": np.array([1, 2])}, {"counts": (1, 2)}),
    (Byzantine, {"members": np.array([0, 3])}, {"members": (0, 3)}),
    (Schedule, {"from_": np.uint8(255), "until": np.int64(256)}, {"from_": 255, "until": 256}),
    (Schedule, {"probability": np.float32(0.5)}, {"probability": 0.5}),
    (Budget, {"rounds": np.int32(2), "norm": np.float32(0.5)}, {"rounds": 2, "norm": 0.5}),
    (Reach, {"step": np.int64(1), "scale": np.array([1, 2])}, {"step": 1, "scale": (1.0, 2.0)}),
    (Reach, {"neighbours": np.eye(2, dtype=int)}, {"neighbours": ((1, 0), (0, 1))}),
    (Interruption, {"theta": np.float32(0.25), "resume_after": np.int64(1)}, {"theta": 0.25}),
    (LookAhead, {"depth": np.int64(2)}, {"depth": 2}),
    (MappedAction, {"table": np.array([1, 0])}, {"table": (1, 0)}),
    (ConstantAction, {"action": np.array([0.5, 1])}, {"action": (0.5, 1.0)}),
    (ObservationNoise, {"scale": np.array([0.5, 1])}, {"scale": (0.5, 1.0)}),
    (PerceptMap, {"shows": np.array([[0, 1]])}, {"shows": ((0, 1),)}),
    (NeuronFaults, {"count": np.array([2, 1])}, {"count": (2, 1)}),
    (RewardConstant, {"victims": np.arange(2)}, {"victims": (0, 1)}),
    (Careful, {"tau": np.array([0.5, 0.25])}, {"tau": (0.5, 0.25)}),
    (SaPpo, {"units": np.array([0.5, 0.25])}, {"units": (0.5, 0.25)}),
    (Trimming, {"f": np.int64(2)}, {"f": 2}),
]


@pytest.mark.parametrize(
    ("kind", "swept", "plain"), SWEPT, ids=[f"{kind.__name__}-{[*to]}" for kind, _, to in SWEPT]
)
def test_what_is_swept_with_numpy_is_taken_and_is_what_a_file_says(kind, swept, plain):
    made = kind(**swept)
    assert {name: getattr(made, name) for name in plain} == plain
    assert hash(made) == hash(kind(**swept | plain))
    json.dumps(to_dict(made))


def test_named_tuples_are_lists_in_files():
    placed = Placed(place=Place(5.0, 6.0))
    assert from_dict(Placed, json.loads(json.dumps(to_dict(placed)))) == placed
    with pytest.raises(InvalidConfig, match=r"^Placed: place is a list, got 1\.0$"):
        from_dict(Placed, {"place": 1.0})


@pytest.mark.parametrize(
    "made", [Own(where=HERE), Takeover(folder=HERE), Initiation(log=HERE)], ids=repr
)
def test_a_path_is_written_as_text(made):
    assert str(HERE) in to_dict(made).values()


@dataclass(frozen=True, kw_only=True)
class Seeded(Config):
    seed: int = 0


@dataclass(frozen=True)
class Named(Seeded):
    raw: InitVar[str]
    name: str = "a"

    def __post_init__(self, raw):
        assert raw


def test_what_is_given_by_its_place_is_of_the_field_that_has_this_place():
    assert Named("raw", "b", seed=2).name == "b"
    with pytest.raises(InvalidConfig, match=r"^Named: name is text, got 3$"):
        Named("raw", 3)


class Plain(Config, ABC):
    """No dataclass, as a base of somebody's parts need not be."""

    @abstractmethod
    def act(self): ...


class OwnPlain(Plain):
    def __init__(self, size):
        self.size = size

    def act(self):
        return self.size


def test_a_part_need_not_be_a_dataclass():
    assert OwnPlain(3).act() == OwnPlain(size=3).act() == 3
