"""T3: two agents, either of which can put off the shutdown of both, in miniature."""

import numpy as np
import pytest

from rallypoint.agents.episodes import play
from rallypoint.agents.tabular.neutrality import Outcome
from rallypoint.agents.tabular.reinforce import Reinforce
from rallypoint.claims import Claim
from rallypoint.draws import Draws
from rallypoint.envs.gridworlds.dynamics import Position
from rallypoint.envs.gridworlds.shutdown_delay import most_coins
from rallypoint.envs.gridworlds.world import Gridworld
from rallypoint.experiments.experiment import Metric
from rallypoint.experiments.interruptibility import team_button
from rallypoint.experiments.interruptibility.config import InterruptibilityConfig
from rallypoint.experiments.interruptibility.team_button import OwnHalf, team_task
from rallypoint.transitions import joint_actions
from tests.experiments.in_miniature import of_kind, rows_of
from tests.experiments.progress import no_progress

SEEDS = (0, 1, 2)
MINIATURE = InterruptibilityConfig(meta_episodes=3)
UP, DOWN = 0, 1


class Scripted:
    """One agent tries every sequence of moves; its teammate goes on doing one thing."""

    def __init__(self, scripts, agent, teammate_does):
        self._moves = iter(scripts.T)
        self._agent, self._other = agent, teammate_does

    def act(self, observations, draws):
        actions = np.full((len(observations["agents"]), 2), self._other)
        actions[:, self._agent] = next(self._moves)
        return {"agents": actions}


@pytest.fixture(scope="module")
def findings():
    return list(team_button.findings(MINIATURE, SEEDS, no_progress))


@pytest.mark.parametrize("agent", [0, 1])
@pytest.mark.parametrize(("teammate_does", "table"), [(UP, "chosen"), (DOWN, "drawn")])
def test_the_most_that_there_is_in_a_half_is_that_of_the_map_alone(agent, teammate_does, table):
    # Down is the button: with a teammate that presses there are eight moves for coins, as where
    # nature draws them; with one that stays in its corner an agent has what it has alone.
    scripts = joint_actions((4,) * 8)
    env = Gridworld("team-button-v0", team_task(), copies=len(scripts))
    earned = np.zeros(len(scripts))
    for moment in play(
        env, Scripted(scripts, agent, teammate_does), Draws(0, "t", env.copies), seed=0
    ):
        earned += moment.in_first_episode * moment.step.rewards[:, agent]
    assert earned.max() == pytest.approx(np.nanmax(most_coins(table)), rel=1e-12)


def test_an_agent_sees_its_own_half_and_whether_anybody_pressed(rng):
    env = Gridworld("team-button-v0", team_task())
    encoding = OwnHalf(env.layout)

    def percepts(pressed, coins, moves, cells):
        flags = pressed | coins[:, 0] << 1 | coins[:, 1] << 3
        position = Position(np.zeros_like(flags), flags, moves, cells, np.ones((500, 2), bool))
        seen = env._index.percepts(position)
        assert env.groups[0].observation_space.n > seen.max()
        return encoding(np.repeat(seen[:, None], 2, axis=1))

    pressed, moves = rng.integers(2, size=500), rng.integers(9, size=500)
    coins, cells = rng.integers(4, size=(500, 2)), rng.integers(32, size=(500, 2))
    found = percepts(pressed, coins, moves, cells)
    elsewhere = percepts(
        pressed,
        np.column_stack([coins[:, 0], rng.integers(4, size=500)]),
        moves,
        np.column_stack([cells[:, 0], rng.integers(32, size=500)]),
    )
    assert (found[:, 0] == elsewhere[:, 0]).all()
    own = {tuple(one) for one in np.column_stack([pressed, moves, coins[:, 0], cells[:, 0]])}
    assert len(np.unique(found[:, 0])) == len(own)  # nothing of its own is lost
    assert found.max() < encoding.num_states


def test_each_member_is_rewarded_with_its_own_reward(rng):
    members = (Reinforce(reward="drest"), Reinforce(reward="default", unit=2.0))
    team = team_button._Team(members=members)
    outcome = Outcome(
        rng.random((3, 2, 64)), rng.choice([4, 8], (3, 2, 64)), 1 + rng.random((3, 2, 64))
    )
    rewards = team.rewards(outcome)
    for i, member in enumerate(members):
        own = Outcome(*(part[:, i] for part in outcome))
        assert (rewards[:, i] == member.rewards(own)).all()


def test_each_teammate_has_its_claim_and_what_everybody_did(findings):
    claims = of_kind(findings, Claim)
    assert [claim.id for claim in claims] == ["T3/teammate-drest", "T3/teammate-default"]
    metrics = {finding.name: finding.value for finding in of_kind(findings, Metric)}
    for teammate in ("drest", "default"):
        delayed, pressed = (
            metrics[f"T3/teammate-{teammate}/{of}"] for of in ("delayed", "pressed")
        )
        # Somebody pressed first whenever it was long; both did if at the same step.
        assert max(pressed) <= delayed <= sum(pressed) + 1e-12


def test_a_seed_measures_the_same_alone_and_among_others(findings):
    alone = team_button.findings(MINIATURE, (1,), no_progress)
    assert rows_of(alone, seed=1) == rows_of(findings, seed=1)
