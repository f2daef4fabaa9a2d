"""Worlds under one threat, played and recorded: what threats declare, and what they do."""

import rallypoint
from rallypoint.draws import Draws
from rallypoint.safety.conformance.stand_in import Anything
from rallypoint.safety.frame import Threatened
from rallypoint.safety.recorder import Recorder
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import from_dict

WHO = [2, 5]
DECLARED = {"victims": WHO, "when": {"from": 3, "until": 20, "every": 2}}
# Who looks ahead asks the world at every step: one episode.
STEPS = {"look_ahead": 30}
# Every other step would tear a longer sequence apart, which is refused.
SETTINGS = {"signal_action": {"sequence": [1]}}


def model_of(kind, **limits):
    table = {"kind": kind, **DECLARED, **SETTINGS.get(kind, {}), **limits}
    return ThreatModel(threats=(from_dict(table),))


def played(model, seed=0, copies=3, steps=None):
    """Record episodes under a threat model."""
    world = rallypoint.make("torus-small-v0", copies=copies, max_cycles=30)
    frame = Threatened(world, model, policy=Anything(world.groups))
    env = Recorder(frame)
    env.reset(seed=seed)
    kind = model.threats[0].kind
    for number in range(steps or STEPS.get(kind, 40)):
        (group,) = env.groups
        shape = (copies, len(group.agents))
        actions = (Draws(seed, "test/deeds", env.copies).random(shape[1:]) * 5 + number) % 5
        step = env.step({group.name: actions.astype(group.action_space.dtype)})
        if step.ended.any():
            env.reset(mask=step.ended)
    return env, env.finish()
