"""All threats of a model, each on its leash."""

from collections import Counter
from collections.abc import Sequence

from rallypoint.batch_env import BatchEnv, Mask
from rallypoint.errors import NotOffered, RallypointError
from rallypoint.policies import Policy
from rallypoint.safety.enforcement.already_down import refuse_already_down
from rallypoint.safety.enforcement.ballot import Ballot
from rallypoint.safety.enforcement.feasibility import refuse_impossible
from rallypoint.safety.enforcement.leash import Leash
from rallypoint.safety.known import spans_of
from rallypoint.safety.limits import as_victims
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Site, Threat
from rallypoint.safety.views import SUPPLIED


def by_site(leashes: Sequence[Leash]) -> dict[Site, list[Leash]]:
    """Return the threats at each site of a world, in order."""
    return {site: [leash for leash in leashes if leash.threat.site == site] for site in SUPPLIED}


def refuse_unseen_policy(leashes: Sequence[Leash], policy: Policy | None) -> None:
    """Refuse threats that must see the policy under threats where there is none to be seen.

    Raises:
        NotOffered: says whose, and how to go on.
    """
    for leash in leashes:
        if policy is None and {"policy", "value"} & set(leash.threat.knowledge):
            raise NotOffered(
                f"{leash.label} declares knowledge of the policy, and the frame was given none; "
                "give it the one that acts, Threatened(env, threats, policy=…), as `rallypoint "
                "evaluate` and `rallypoint train` do of one network for all agents; with a "
                "surrogate attacks need none"
            )


def lots_and_leashes(
    model: ThreatModel, env: BatchEnv, byzantine: Mask | None = None
) -> tuple[Ballot, list[Leash]]:
    """Say who lies in a world, and take all threats of a model on the leash.

    Args:
        model: the threats, and who lies if no mask says so.
        env: the world.
        byzantine: who lies: (E, N).

    Raises:
        InvalidConfig: a threat that cannot be meant for this world; says why.
        NotOffered: a threat needs a part that this world does not have.
        UnknownName: a victim that is no agent; names the nearest.
    """
    named = () if model.byzantine is None else as_victims(model.byzantine.victims)
    meant = named if byzantine is None else byzantine
    channel = "threats/byzantine"
    lots = Ballot(meant, env.agents, env.copies, channel=channel, label="[byzantine]")
    spans = spans_of(env)
    places: Counter[str] = Counter()
    leashes = []
    for index, threat in zip(model.numbers, model.threats, strict=True):
        place = places[threat.kind]
        label = f"the threat {threat.kind!r} (threats[{index}])"
        refuse_impossible(threat, env, label)
        fitted = _fitted(threat, env, label)
        leashes.append(Leash(fitted, env, spans, lots, index=index, place=place, label=label))
        places[threat.kind] += 1
    for index, leash in enumerate(leashes):
        refuse_already_down(model, index, env, leash.label)
    return lots, leashes


def _fitted(threat: Threat, env: BatchEnv, label: str) -> Threat:
    try:
        return threat.fit(env)
    except RallypointError as error:
        raise type(error)(f"{label}: {error}") from error
