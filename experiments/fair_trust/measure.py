"""Contributors of three kinds, how far each is trusted, and what becomes of what they say."""

from typing import NamedTuple

import numpy as np

from rallypoint.draws import Floats, Integers, Mask, stream
from rallypoint.experiments.fair_trust.config import FairTrustConfig
from rallypoint.safety.defences.score_equaliser import Equalised, equalise

MAJORITY, MINORITY, BYZANTINE = 0, 1, 2
_EDGES = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0])  # of sensor readings; bins are profiles
_PROFILES = len(_EDGES) + 1


class Rounds(NamedTuple):
    """What contributors sent in T rounds, and what is known of them."""

    updates: Floats  # (T, n, d)
    profiles: Integers  # (T, n) by what their sensors read
    kinds: Integers  # (n,)

    @property
    def trust(self) -> Floats:
        """How near each update is to the coordinate median, the nearer the higher: (T, n)."""
        away = self.updates - np.median(self.updates, axis=1, keepdims=True)
        trust: Floats = -np.linalg.norm(away, axis=2)
        return trust

    def of(self, kind: int, values: Floats) -> Floats:
        """Return the values (T, n) of one kind: (…)."""
        found: Floats = values[:, self.kinds == kind].ravel()
        return found


class Judged(NamedTuple):
    """What a threshold on trust comes to."""

    thrown_out: tuple[float, float]  # share of majority and minority
    passes: float  # share of the Byzantine
    fakers_pass: float  # share of the Byzantine that claim the profile with the largest bonus
    errors: tuple[float, float]  # of the mean of who is trusted, for majority and minority

    @property
    def gap(self) -> float:
        """How much more often the minority is thrown out."""
        return self.thrown_out[1] - self.thrown_out[0]


def rounds(config: FairTrustConfig, seed: int, part: str) -> Rounds:
    """Draw rounds: the honest scatter round their group's mean, the Byzantine round a lie."""
    rng = stream(seed, "fair_trust", part)
    kinds = np.repeat(
        [MAJORITY, MINORITY, BYZANTINE], [config.majority, config.minority, config.byzantine]
    )
    updates = rng.standard_normal((config.rounds, len(kinds), config.entries))
    updates[..., 0] += config.offset * (kinds == MINORITY)
    updates[..., 1] -= config.lie * (kinds == BYZANTINE)
    readings = rng.standard_normal((config.rounds, len(kinds)))
    readings += config.apart * (kinds == MINORITY)
    return Rounds(updates, np.digitize(readings, _EDGES), kinds)


def corrected(calibration: Rounds) -> Equalised:
    """Equalise the trust of the two honest groups, by profile."""
    trust = calibration.trust
    groups = np.array(
        [
            np.bincount(
                calibration.profiles[:, calibration.kinds == kind].ravel(), minlength=_PROFILES
            )
            for kind in (MAJORITY, MINORITY)
        ],
        dtype=np.float64,
    )
    means = [calibration.of(kind, trust).mean() for kind in (MAJORITY, MINORITY)]
    shares = groups / groups.sum(axis=1, keepdims=True)
    return equalise(np.zeros(_PROFILES), shares, means=means)


def judged(
    config: FairTrustConfig, calibration: Rounds, test: Rounds, correction: Floats
) -> Judged:
    """Set the threshold by the honest of the calibration, and see who passes in the test."""
    honest = calibration.kinds != BYZANTINE
    known = (calibration.trust + correction[calibration.profiles])[:, honest]
    threshold = np.quantile(known, config.sacrificed)
    trust = test.trust
    has = trust + correction[test.profiles]
    passes: Mask = has >= threshold
    fakes = test.of(BYZANTINE, trust) + correction.max()
    truth = np.zeros((2, config.entries))
    truth[MINORITY, 0] = config.offset
    agreed = np.array(
        [updates[who].mean(axis=0) for updates, who in zip(test.updates, passes, strict=True)]
    )
    errors = np.linalg.norm(agreed[:, None] - truth, axis=2).mean(axis=0)
    thrown = [float((test.of(kind, has) < threshold).mean()) for kind in (MAJORITY, MINORITY)]
    return Judged(
        (thrown[0], thrown[1]),
        float((test.of(BYZANTINE, has) >= threshold).mean()),
        float((fakes >= threshold).mean()),
        (float(errors[0]), float(errors[1])),
    )
