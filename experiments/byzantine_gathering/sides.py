"""Who attacks, and how the others defend themselves."""

from collections.abc import Callable, Mapping

from rallypoint.experiments.byzantine_gathering.config import ByzantineGatheringConfig
from rallypoint.safety.defences import Defence
from rallypoint.safety.defences.cautious_moves import CautiousMoves
from rallypoint.safety.defences.trimmed_perception import Trimming
from rallypoint.safety.threats import Threat
from rallypoint.safety.threats.constant_action import ConstantAction
from rallypoint.safety.threats.random_action import RandomAction
from rallypoint.safety.threats.teammate.anti_goal import AntiGoal
from rallypoint.safety.threats.teammate.look_ahead import LookAhead

_CLOCKWISE = 1

ATTACKERS: Mapping[str, Callable[[ByzantineGatheringConfig], Threat]] = {
    "random": lambda _: RandomAction(victims="byzantine"),
    "runner": lambda _: ConstantAction(victims="byzantine", action=_CLOCKWISE),
    "anti_goal": lambda _: AntiGoal(victims="byzantine"),
    "look_ahead": lambda config: LookAhead(victims="byzantine", depth=config.depth),
}
NO_DEFENCE = "none"
DEFENCES: Mapping[str, Callable[[int], tuple[Defence, ...]]] = {
    NO_DEFENCE: lambda _: (),
    "trim_self": lambda f: (Trimming(around="self", f=f),),
    "trim_median": lambda f: (Trimming(around="median", f=f),),
    "cautious": lambda f: (CautiousMoves(f=f),),
}
