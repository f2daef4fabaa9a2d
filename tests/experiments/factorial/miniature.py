"""As small as it can be run: two threats, on a ring of four."""

from pathlib import Path

from rallypoint.experiments.factorial.config import FactorialConfig

SEEDS = (0, 1, 2)
MINIATURE = FactorialConfig(
    threats=str(Path(__file__).with_name("two.toml")),
    env="gathering-v0",
    agent="q_learning",
    steps=200,
    tests=4,
    env_settings={"num_agents": 4, "cells": 5},
)
REFUSED = [
    ({"cells": 2}, "cells is a number >= 4"),
    ({"steps": 0}, "steps is a number >= 1"),
]
