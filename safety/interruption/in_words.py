"""An interruption, in words."""

from typing import TYPE_CHECKING

from rallypoint.safety.interruption.initiation import Initiation
from rallypoint.safety.interruption.sequences import ThetaSequence
from rallypoint.safety.interruption.takeover import FREEZE, Takeover

if TYPE_CHECKING:
    from rallypoint.safety.threats.interruption import Interruption


def in_words(threat: "Interruption") -> dict[str, str]:
    """Say where an interruption begins, how likely it is, and what is done."""
    told = {
        "does": f"a person overrides the agent: {_done(threat.policy)}",
        "begins": _begins(threat.initiation),
        "chance": _chance(threat),
    }
    if steps := threat.resume_after:
        more = "one more step" if steps == 1 else f"{steps} more steps"
        told["resumes"] = f"after {more}; each time it fires anew, the count begins anew"
    return told


def _done(policy: object) -> str:
    if not isinstance(policy, Takeover):
        return "it does nothing" if policy == FREEZE else "a uniformly random action is taken"
    if policy.action is not None:
        return f"action {policy.action} is taken"
    if policy.actions is not None:
        listed = ", ".join(f"{action} for {agent}" for agent, action in policy.actions.items())
        return f"a given action is taken ({listed})"
    if policy.folder is not None:
        return (
            f"the agent trained into {policy.folder} acts in its place ({policy.how or 'greedy'})"
        )
    return f"the policy {_name(policy.policy)} acts in its place, on what it perceives"


def _begins(initiation: object) -> str:
    if not isinstance(initiation, Initiation):
        return "anywhere, at any step"
    if initiation.proposes is not None:
        where = "" if initiation.region is None else f"{_in_region(initiation)}, "
        actions = " or ".join(map(str, initiation.proposes))
        control = "(negative control: this breaks what pruning promises)"
        return f"{where}when it proposes action {actions} {control}"
    states, steps, every = initiation.states or (), initiation.steps or (), initiation.every
    words = {
        "region": _in_region(initiation),
        "states": f"in {len(states)} listed {'state' if len(states) == 1 else 'states'}",
        "function": f"where {_name(initiation.function)} of the true state says",
        "steps": f"at step {', '.join(map(str, steps))}",
        "every": "at every step" if every == 1 else f"every {every} steps, at step 0 first",
        "log": f"exactly as people did, by the log {initiation.log}",
    }
    [trigger] = [name for name in words if getattr(initiation, name) is not None]
    return words[trigger]


def _in_region(initiation: Initiation) -> str:
    who = "the agent" if initiation.agent is None else str(initiation.agent)
    return f"while {who} is in region {initiation.region!r}"


def _chance(threat: "Interruption") -> str:
    if threat.follows_log:
        return "no coin: what the log says is done"
    turn = "episode" if threat.draw == "episode" else "step"
    coin = f"one coin {'an' if turn == 'episode' else 'a'} {turn}"
    whose = "for all agents together" if threat.shared else "for each agent"
    return f"{_theta(threat.theta, turn)}; {coin} {whose}"


def _theta(theta: object, turn: str) -> str:
    if not isinstance(theta, ThetaSequence):
        return f"{theta:g}" if theta else "0, so it never happens"
    if theta.function is not None:
        of = "visits of the state" if theta.by_visits else f"number of the {turn}"
        return f"{_name(theta.function)} of the {of}"
    if theta.schedule == "log":
        return f"1 - {theta.c:g} / log t at {turn} t of the run"
    exponent = f"1/(2·{theta.agents or 'N'})" if theta.exponent is None else f"{theta.exponent:g}"
    return f"1 - {theta.c:g} n^(-{exponent}) at the n-th visit of the state"


def _name(thing: object) -> str:
    return thing if isinstance(thing, str) else getattr(thing, "__qualname__", repr(thing))
