"""Is anybody left to whom a threat could happen, after those that take agents down for good?"""

import numpy as np

from rallypoint.batch_env import BatchEnv, Mask
from rallypoint.errors import InvalidConfig
from rallypoint.safety.enforcement.ballot import named
from rallypoint.safety.limits import NO_LIMIT, Share, as_schedule, as_victims
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Threat
from rallypoint.safety.threats.crash import Crash


def refuse_already_down(model: ThreatModel, index: int, env: BatchEnv, label: str) -> None:
    """Refuse a model's threat of an index if its victims have all crashed before it begins.

    Raises:
        InvalidConfig: says who, and by which threat.
    """
    threat = model.threats[index]
    meant = _always_meant(threat, env)
    if not meant.any():
        return  # nobody, or others in each episode
    for place, crash in enumerate(model.threats):
        if place == index or not _is_certain(crash):
            continue
        begins, falls = (as_schedule(one.when).from_ for one in (threat, crash))
        # Two that strike at one moment are one fall, whichever is asked first.
        is_before = falls < begins or (falls == begins and threat.site != "presence")
        down = _always_meant(crash, env)
        if is_before and not (meant & ~down).any():
            who = env.agents[int(np.flatnonzero(meant)[0])]
            raise InvalidConfig(
                f"{label} begins at step {begins}, and by then {who}"
                f"{' and all its other victims' if np.count_nonzero(meant) > 1 else ''} will have "
                f"crashed for good (threats[{model.numbers[place]}], from step {falls}); name "
                "others, or begin earlier"
            )


def _always_meant(threat: Threat, env: BatchEnv) -> Mask:
    """Return the same victims in every episode: (N,); nobody where they are drawn."""
    victims = as_victims(threat.victims)
    drawn = isinstance(victims, Share) or victims == "byzantine"
    return named(() if isinstance(victims, Share) or drawn else victims, env.agents)


def _is_certain(threat: Threat) -> bool:
    """Whether a threat takes all its victims down at the first step at which it may."""
    return (
        isinstance(threat, Crash)
        and threat.region is None
        and as_schedule(threat.when).probability == 1
        and threat.budget == NO_LIMIT
    )
