"""Chance is a function of the seed, the copy and the episode: of each, and of nothing else."""

from rallypoint.envs.conformance.recording import Moment, Recorder, difference, play
from rallypoint.envs.conformance.subject import Subject
from rallypoint.errors import NotConformant

_COPIES = 8


def check(subject: Subject) -> None:
    """Play whole episodes over again, and ones that must differ.

    Raises:
        NotConformant: names where episodes differ that must not, or that they do not differ.
    """
    _repeats(subject)
    _tells_its_seed(subject)
    _differs(subject)


def _repeats(subject: Subject) -> None:
    env, again = subject.make(_COPIES), subject.make(_COPIES)
    first = play(env, 0, subject.steps)
    if found := difference(env, first, play(again, 0, subject.steps)):
        raise NotConformant(f"one seed gives two episodes: {found}")
    if found := difference(env, first, play(again, 0, subject.steps)):
        raise NotConformant(
            f"reset(seed=0) does not start a used world from the beginning, as a new one: {found}"
        )


def _tells_its_seed(subject: Subject) -> None:
    env = subject.make(_COPIES)
    env.reset(seed=5)
    if env.seed != 5:
        raise NotConformant(f"after reset(seed=5), env.seed is {env.seed!r}")
    recorder, again = Recorder(subject.make(_COPIES)), Recorder(env)
    recorder.begin()
    again.begin(int(recorder.env.seed))
    for one in (recorder, again):
        one.step(subject.steps)
    if found := difference(env, recorder.moments, again.moments):
        raise NotConformant(
            f"reset() without a seed, and with the one that env.seed then says, differ: {found}"
        )


def _differs(subject: Subject) -> None:
    """All copies act alike, so that whatever differs is chance."""
    env, other = subject.make(_COPIES), subject.make(_COPIES)
    runs = [play(world, seed, subject.steps, alike=True) for world, seed in ((env, 0), (other, 1))]
    runs = [[_without_infos(moment) for moment in run] for run in runs]
    half = len(runs[0]) // 2
    rows = range(1, _COPIES)
    differs = {
        "the seed": difference(env, runs[0], runs[1]),
        "the copy": any(
            difference(env, run, run, [row - 1], [row]) for run in runs for row in rows
        ),
        "the episode": any(difference(env, run[:half], run[half:]) for run in runs),
    }
    if any(differs.values()) and not all(differs.values()):
        on = " and ".join(name for name, differ in differs.items() if differ)
        off = " or ".join(name for name, differ in differs.items() if not differ)
        raise NotConformant(
            f"chance depends on {on}, and not on {off}: the same episode comes again"
        )


def _without_infos(moment: Moment) -> Moment:
    # They may count episodes or name copies, which is no chance.
    kept = {name: array for name, array in moment.arrays.items() if not name.startswith("infos")}
    return moment._replace(arrays=kept)
