"""PPO of RLlib on simple_spread, with one shared policy, in one process: as in suite ``ppo``."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from timing import Case, Work

from suites import Suite, simple_spread

_MINIBATCHES = (2048, 256)
_NUM_AGENTS, _EPOCHS, _UNITS = 10, 5, [64, 64]
_ROWS = 4096  # agent-steps of an iteration: others take five times as many, which takes a minute


def row(num_agents: int) -> str:
    """Return what its rows are called."""
    return f"PPO, RLlib N={num_agents}"


def cases(*, quick: bool) -> Sequence[Case]:
    """Return a run for each minibatch."""
    return [
        Case(
            row=row(_NUM_AGENTS),
            column=f"B={minibatch}",
            prepare=partial(_iterations, minibatch),
            rounds=1 if quick else 3,
        )
        for minibatch in _MINIBATCHES
    ]


SUITE = Suite(
    cases=cases,
    packages=("ray", "torch", "mpe2", "gymnasium", "numpy"),
    needs="rllib",
    home=".venv-rllib",
    made_by="make test-rllib",
)


def _iterations(minibatch: int) -> Work:
    import ray
    from ray.rllib.algorithms.ppo import PPOConfig
    from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
    from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
    from ray.tune import register_env

    if not ray.is_initialized():
        ray.init(
            address="local",  # whatever cluster there is belongs to somebody else
            num_cpus=1,
            object_store_memory=200_000_000,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
        )
    register_env("spread", lambda _: ParallelPettingZooEnv(simple_spread.make(_NUM_AGENTS)))
    config: Any = (
        PPOConfig()
        .environment("spread")
        .env_runners(num_env_runners=0)  # here: their time is ours to count
        .learners(num_learners=0)
        .training(train_batch_size_per_learner=_ROWS, minibatch_size=minibatch, num_epochs=_EPOCHS)
        .rl_module(
            model_config=DefaultModelConfig(
                fcnet_hiddens=_UNITS, fcnet_activation="tanh", vf_share_layers=False
            )
        )
        .multi_agent(
            policies={"shared"},
            policy_mapping_fn=lambda *_, **__: "shared",
            count_steps_by="agent_steps",
        )
        .debugging(log_level="ERROR")
    )
    algorithm = config.build_algo()
    algorithm.train()

    def iteration() -> int:
        told = algorithm.train()["env_runners"]["num_agent_steps_sampled"]
        return int(sum(told.values()))

    return iteration
