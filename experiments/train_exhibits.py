"""How a training is shown: what it returns over time, and trainings beside each other."""

from rallypoint.experiments.exhibits import Exhibit

_RETURN = "return of an episode"
_STEPS = "agent steps"
# Learners from contributors and those of SB3 have names of their own for the same things.
EXHIBITS = (
    Exhibit(
        kind="learning",
        title="learning",
        measure="return",
        over="steps",
        measure_words=_RETURN,
        over_words=_STEPS,
    ),
    Exhibit(
        kind="learning",
        title="learning",
        measure="rollout/ep_rew_mean",
        over="time/total_timesteps",
        measure_words=_RETURN,
        over_words=_STEPS,
    ),
    Exhibit(kind="scores", title="in the end", measure="return", measure_words=_RETURN),
    Exhibit(
        kind="scores", title="in the end", measure="rollout/ep_rew_mean", measure_words=_RETURN
    ),
)
