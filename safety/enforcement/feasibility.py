"""Can a threat be done in a world at all? Asked before the first step."""

from rallypoint.batch_env import BatchEnv, Mask, some_rows
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.safety.limits import as_budget, as_schedule
from rallypoint.safety.threats import Threat
from rallypoint.safety.threats.feedback import FeedbackThreat
from rallypoint.safety.views import SUPPLIED

_PART = {  # of the world, that a view is made of
    "true_state": "state",
    "regions": "regions",
    "geometry": "geometry",
    "simulator": "snapshot",
}


def refuse_impossible(threat: Threat, env: BatchEnv, label: str) -> None:
    """Refuse a threat that a world cannot have, or that could never happen in it.

    Raises:
        InvalidConfig: the threat cannot be meant for this world; says why.
        NotOffered: the world lacks a part that the threat needs; names it.
    """
    if threat.site not in SUPPLIED:
        raise InvalidConfig(
            f"{label} stands at site {threat.site!r}; the frame around a world applies threats at "
            f"{', '.join(SUPPLIED)}: model.in_world() are those of a model"
        )
    if unseen := sorted(set(threat.knowledge) - SUPPLIED[threat.site]):
        raise InvalidConfig(
            f"{label} declares knowledge of {', '.join(unseen)}; at site {threat.site!r} there is "
            f"{', '.join(sorted(SUPPLIED[threat.site]))}"
        )
    budget = as_budget(threat.budget)
    if budget.rounds is not None or budget.norm is not None:
        raise InvalidConfig(
            f"{label} has a budget of rounds or norm, which are of updates; in a world it is "
            "steps_per_episode and agents"
        )
    if budget.reach is not None and threat.site != "observation":
        raise InvalidConfig(
            f"{label} has a budget of reach, which is of what agents are shown, and stands at site "
            f"{threat.site!r}"
        )
    if threat.site == "feedback" and not isinstance(threat, FeedbackThreat):
        raise InvalidConfig(
            f"{label} stands at site 'feedback', so it must be a FeedbackThreat of "
            "rallypoint.safety.threats.feedback, which says what it lies about"
        )
    _refuse_lacking_parts(threat, env, label)
    when = as_schedule(threat.when)
    limit = env.time_limit
    # Nobody acts or crashes any more at the last moment, but the last observation is one.
    if limit is not None and when.from_ >= limit + (threat.site == "observation"):
        raise InvalidConfig(
            f"{label} begins at step {when.from_}, and an episode of {env.id} has {limit} steps; "
            "give an earlier step, or a longer episode with max_cycles"
        )


def refuse_empty(rows: Mask, alive: Mask) -> None:
    """Refuse episodes, of copies (E,), that begin with nobody (E, N) in the world.

    Raises:
        InvalidConfig: threats removed everybody.
    """
    if (empty := rows & ~alive.any(axis=1)).any():
        raise InvalidConfig(
            f"threats removed every agent at step 0 (in rows {some_rows(empty)}), so the episode "
            "has no step; begin later, or spare one with victims or budget.agents"
        )


def leaves_world(threat: Threat) -> bool:
    """Whether those whom a threat to presence takes down leave the world."""
    return threat.site == "presence" and "remove" in threat.needs


def _refuse_lacking_parts(threat: Threat, env: BatchEnv, label: str) -> None:
    is_crash = threat.site == "presence"
    if is_crash and not threat.needs & {"remove", "noop"}:
        raise InvalidConfig(
            f"{label} takes agents down, so it needs 'remove' (they leave the world) or 'noop' "
            "(they stay and do nothing)"
        )
    needs = threat.needs | {_PART[view] for view in threat.knowledge if view in _PART}
    if "noop" in needs and any(group.name not in (env.noop or {}) for group in env.groups):
        raise NotOffered(
            f"{label} needs an action that does nothing, and {env.id} has none; of an environment "
            "of another library say which one that is by its setting noop"
            + ("; mode = 'removed' needs none" if is_crash and "remove" in env.offers else "")
        )
    if lacking := sorted(needs - {"noop"} - env.offers):
        raise NotOffered(
            f"{label} needs {', '.join(lacking)}, which {env.id} does not offer; "
            f"it offers {', '.join(sorted(env.offers)) or 'no optional part'}"
        )
