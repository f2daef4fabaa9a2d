"""Networks that fill memory are refused by their settings, and never made."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

from rallypoint.agents.sb3.training import train_sb3
from rallypoint.agents.sb3.widths import check_widths
from rallypoint.errors import InvalidConfig

FOUR = Box(-1, 1, (4,), np.float32)
PIXELS = Box(0, 255, (84, 84, 3), np.uint8)
MANY = 10**9


@pytest.mark.parametrize(
    ("told", "space", "count"),
    [
        ({"net_arch": [10**8]}, Box(-1, 1, (100,), np.float32), "10,200,000,001"),
        ({"net_arch": [10**8]}, Discrete(100), "10,200,000,001"),
        ({"net_arch": (MANY,)}, FOUR, "6,000,000,001"),
        ({"net_arch": [40_000, 40_000]}, FOUR, "1,600,280,001"),
        ({"net_arch": {"pi": [8], "vf": [40_000, 40_000]}}, FOUR, "1,600,280,050"),
        ({"net_arch": [{"pi": [8], "vf": [40_000, 40_000]}]}, FOUR, "1,600,280,050"),
        ({"net_arch": [np.int64(MANY)]}, FOUR, "6,000,000,001"),
        ({"net_arch": [MANY]}, PIXELS, "3,000,000,001"),
        ({"features_extractor_kwargs": {"features_dim": MANY}}, PIXELS, "3,000,000,001"),
        ({"lstm_hidden_size": 40_000}, FOUR, "1,600,280,001"),
        ({"net_arch": [1000], "n_quantiles": 10**6}, FOUR, "1,001,005,000"),
        ({"net_arch": [1000, 1000], "n_critics": 2000}, FOUR, "2,014,002,000"),
        ({"n_critics": 10**12}, FOUR, "5,000,000,000,000"),
    ],
)
def test_networks_of_too_many_weights_are_refused_with_how_many_they_have(told, space, count):
    with pytest.raises(InvalidConfig, match=f"of sb3:PPO would have {count} or more"):
        check_widths("sb3:PPO", told, space)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"net_arch": []},
        {"net_arch": None},
        {"net_arch": {}},
        {"net_arch": [10_000, 10_000], "n_critics": 2},
        {"net_arch": {"pi": [4096] * 5, "vf": [4096] * 5}},
        {"net_arch": [-1]},  # SB3 says what is wrong with it, and with the next ones
        {"net_arch": "wide"},
        {"net_arch": [64, {"pi": [8], "vf": "wide"}]},
        # One extractor, and two nets that begin with what it puts out.
        {
            "features_extractor_kwargs": {"features_dim": 6 * 10**7},
            "net_arch": {"pi": [], "vf": []},
        },
        {"net_arch": [[MANY]]},
        {"net_arch": [1e30]},
        {"features_extractor_kwargs": [MANY]},
    ],
)
@pytest.mark.parametrize("space", [FOUR, PIXELS, Discrete(9)])
def test_others_are_left_alone(told, space):
    check_widths("sb3:PPO", told, space)


def test_who_trains_reads_it_before_anything_is_made():
    wide = {"policy_kwargs": {"net_arch": [10**12]}}
    with pytest.raises(InvalidConfig, match="at most 1,000,000,000 weights in all, and those of"):
        train_sb3("cartpole-v1", "sb3:PPO", steps=8, copies=1, settings=wide)
