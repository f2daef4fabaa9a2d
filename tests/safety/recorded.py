"""A threat model that leaves something of everything in a recording."""

from rallypoint.safety.frame import Threatened
from rallypoint.safety.recorder import Recorder
from rallypoint.safety.threat_model import Byzantine, ThreatModel
from rallypoint.safety.threats.crash import Crash
from rallypoint.safety.threats.feedback.reward_noise import RewardNoise
from rallypoint.safety.threats.interruption import Interruption
from tests.safety.stubs import Doze, Noise, ground, play

MODEL = ThreatModel(
    byzantine=Byzantine(fraction=0.4),
    threats=(
        Crash(victims={"count": 1}, when={"from": 2, "probability": 0.4}),
        Crash(victims=["walker_1"], when={"from": 1, "probability": 0.2}, mode="frozen"),
        Crash(victims=["glider_0"], when={"from": 0, "probability": 0.3}),
        Noise(victims="byzantine", when={"every": 3}),
        Doze(victims={"fraction": 0.6}, budget={"steps_per_episode": 2}),
        Interruption(victims=["walker_0", "glider_1"], theta=0.4, draw="episode"),
        RewardNoise(victims={"count": 2}, when={"from": 1, "every": 2}),
    ),
)
STEPS = 60  # with an end every few


def recorder(model=MODEL, copies=7, **settings):
    return Recorder(Threatened(ground(copies=copies), model), **settings)


def whole(env, steps=STEPS):
    list(play(env, steps))
    env.finish()
    [recording] = env.parts
    return recording
