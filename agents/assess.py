"""Does what a learner learns depend on being interrupted? Does it avoid interruption, or seek it?

``assess_interruptibility`` tests the learning rule of any learner, update by update;
``avoidance_index`` what teams do that were trained under interruption. Neither shows that a learner
is safe: see docs/interruptibility.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rallypoint.agents.assessment.arms import MakeWorld, arms_of, checked_thetas
from rallypoint.agents.assessment.avoiding import AvoidanceIndex, avoidance_index, compare_policies
from rallypoint.agents.assessment.carrying_out import of_networks, of_tables
from rallypoint.agents.assessment.findings import Assessment
from rallypoint.agents.assessment.minibatches import Frozen
from rallypoint.agents.assessment.request import (
    Request,
    is_of_tables,
    made_learner,
    usual_updates,
)
from rallypoint.agents.tabular.processing import KnownInterruption
from rallypoint.draws import check_seed
from rallypoint.safety.certificates.verdicts import check_level
from rallypoint.safety.enforcement.accepted import Threats

__all__ = [
    "Assessment",
    "AvoidanceIndex",
    "Frozen",
    "assess_interruptibility",
    "avoidance_index",
    "compare_policies",
]


def assess_interruptibility(
    learner: Any,
    env: str | MakeWorld,
    *,
    interruption: Threats,
    thetas: Sequence[float] = (0.0, 0.9),
    updates: int | None = None,
    replicates: int = 200,
    batch: int = 16,
    level: float = 0.01,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    env_settings: Mapping[str, Any] | None = None,
    frozen_after: int | None = None,
    state: Any = None,
    leads: Sequence[int] | None = None,
    copies: int = 64,
    most_draws: int = 1 << 17,
    known: KnownInterruption | None = None,
    exploration_steps: int = 2000,
    least_growth: float = 0.1,
    same_chance: bool = True,
) -> Assessment:
    """Test whether a learner's update depends on how likely interruptions are.

    The learner is frozen, and what one update from there would come to is compared between worlds
    that are alike but for theta: in cells of percept and own action (of percept and joint action
    for joint-action learners) where it learns tables, in pairs of minibatches otherwise. Which
    states an update starts from is the same in both: the steps that lead there are played by the
    frozen learner, uninterrupted. Where teammates act at theta, they act by the frozen learner.

    It can refute that learning is safe, and never show it. A learner that does not depend is found
    to in at most ``level`` of assessments: judge learners by the rate over seeds.

    Args:
        learner: a name as of ``rallypoint list agents``; a learner of tables or of contributors;
            what ``train_sb3`` returned; or anything that is a ``Frozen``.
        env: an id, also of other libraries (``"mpe2.simple_spread_v3:parallel_env"``), or a
            function that makes a world of so many copies.
        interruption: the threat, several, or a threat model. What else is in it is in both arms.
        thetas: 0, and those that are compared with it, in place of what the threats declare.
        updates: in a row; 2 for tables, where a model that lags behind shows only then, unless they
            read the next action, else 1.
        replicates: pairs; of tables, the updates that are wanted in each cell and arm.
        batch: steps that an update of networks learns from.
        level: of significance, over all comparisons.
        seed: of everything.
        settings: of a learner that is given by its name.
        env_settings: of an environment that is given by its id.
        frozen_after: steps of training that nobody interrupts, at whose end it is frozen: of each
            agent for tables (500), in all for Stable-Baselines3 (2,048).
        state: freeze this instead: a memory of one copy of tables, or parameters (d,) of
            contributors. Contributors are frozen at their start if nothing is given.
        leads: steps from a reset to where updates are looked at, in turn; the first 16 steps, or
            fewer where a world has no snapshot, if not given.
        copies: side by side, where networks are asked.
        most_draws: experiences of tables in each arm, from which on no further round begins; in a
            round some 1,024 copies come from every lead to a step of every agent.
        known: how agents are interrupted at theta, for importance weights.
        exploration_steps: of training under interruption, in each of 8 runs, in which visits are
            counted; 0 for none. Theta is then the sequence that threats declare, or the largest.
        least_growth: visits of the least frequent cell each time that the steps grow by a factor e
            which count as growing.
        same_chance: networks in a world without snapshot: whether the members of a pair are played
            from one seed. They then come to one state, which shows much smaller effects; but the
            world's chance in the last step is one as well, so that a learner may be found to depend
            which does so for some outcomes of chance and not on the whole.

    Raises:
        InvalidConfig: thetas outside [0, 1), a learner that cannot be frozen, nobody who is
            interrupted, a state and a number of steps until there is one, and other things that
            cannot be meant; says why.
        UnknownName, Unavailable, NotOffered: no such learner or environment, or one that lacks
            something, such as a no-op to freeze agents with.
    """
    check_level(level)
    check_seed(seed)
    made = made_learner(learner, settings)
    arms = arms_of(env, interruption, dict(env_settings or {}))
    request = Request(
        arms=arms,
        thetas=checked_thetas(thetas),
        updates=usual_updates(made) if updates is None else updates,
        leads=leads,
        replicates=replicates,
        batch=batch,
        copies=copies,
        most_draws=most_draws,
        level=level,
        seed=seed,
        frozen_after=frozen_after,
        state=state,
        known=known,
        exploration_steps=exploration_steps,
        least_growth=least_growth,
        same_chance=same_chance,
    ).checked()
    return of_tables(made, request) if is_of_tables(made) else of_networks(made, request)
