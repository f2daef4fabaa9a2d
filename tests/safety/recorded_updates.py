"""Updates of eight contributors under threats, sent and recorded."""

import numpy as np

from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import from_dict
from rallypoint.safety.updates import UpdateThreats
from rallypoint.safety.updates.recorder import UpdateRecorder

WHO = tuple(f"server_{place}" for place in range(8))
N, ROUNDS = len(WHO), 24
DECLARED = {"victims": [2, 5], "when": {"from": 3, "until": 20, "every": 2}}
TWO = ThreatModel.from_dict(
    {
        "byzantine": {"count": 3},
        "threats": [
            {"kind": "gaussian", "victims": "byzantine", "when": {"every": 2}},
            {"kind": "packet_loss", "packet": 4, "loss": 0.3, "fill": "nan"},
            {"kind": "sign_flip", "victims": [0, 1], "when": {"probability": 0.6}},
        ],
    }
)


def model_of(kind, **limits):
    return ThreatModel(threats=(from_dict({"kind": kind, **DECLARED, **limits}),))


def found_in(number, members=range(N)):
    rng = np.random.default_rng(number)
    return rng.standard_normal((N, 2 * N)).astype(np.float32)[list(members)]


def median(updates):
    return np.median(updates, axis=0)


def send(frame, rounds=range(ROUNDS), members=None):
    """Send updates; return those of each round, as they were found and as they arrived."""
    seen = []
    for number in rounds:
        who = np.arange(N) if members is None else members(number)
        found = found_in(number, who)
        told = frame.apply(found, round_number=number, members=who, aggregator=median, parts=N)
        seen.append((number, who, found, told.updates.copy()))
    return seen


def recorded(model, *, rounds=range(ROUNDS), members=None, seed=0, **settings):
    frame = UpdateThreats(model, contributors=WHO, seed=seed)
    recorder = UpdateRecorder(frame, **settings)
    seen = send(frame, rounds, members)
    return frame, recorder, seen


def three_of(number):
    return np.random.default_rng(number).permutation(N)[:5]
