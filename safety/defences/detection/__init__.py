"""Which rows were planted: statistics that look for a small cloud beside a large one.

``detect`` looks at what a policy's last hidden layer makes of stored steps, class by class: the
steps at which it takes the same action. A backdoor makes one action right for two reasons, and
features of the second reason are a cloud of their own. ``sever`` looks at gradients, one for each
trajectory.

>>> import numpy as np
>>> rng = np.random.default_rng(0)
>>> features = rng.normal(size=(1000, 8))
>>> features[:50, 0] += 8.0
>>> found = detect(features, np.zeros(1000, dtype=int), share=0.05, detector=Spectral())
>>> bool(found.suspects[:50].all()), int(found.suspects.sum())
(True, 75)
"""

from rallypoint.safety.defences.detection.by_class import Detection, OfClass, detect
from rallypoint.safety.defences.detection.detector import (
    Detector,
    Looked,
    blind_below,
    sure_from,
)
from rallypoint.safety.defences.detection.opened import last_features
from rallypoint.safety.defences.detection.que import Que, quantum_scores
from rallypoint.safety.defences.detection.robust_moments import robust_moments
from rallypoint.safety.defences.detection.severing import Severed, fewest, sever
from rallypoint.safety.defences.detection.spectral import Spectral

__all__ = [
    "Detection",
    "Detector",
    "Looked",
    "OfClass",
    "Que",
    "Severed",
    "Spectral",
    "blind_below",
    "detect",
    "fewest",
    "last_features",
    "quantum_scores",
    "robust_moments",
    "sever",
    "sure_from",
]
