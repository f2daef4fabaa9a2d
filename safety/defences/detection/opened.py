"""What detectors look at: what a policy's last hidden layer makes of stored percepts."""

from typing import cast

import numpy as np

from rallypoint.batch_env import Observations
from rallypoint.errors import NotOffered
from rallypoint.policies import InspectablePolicy, Policy
from rallypoint.safety.defences.detection.detector import Floats


def last_features(policy: Policy, observations: Observations) -> Floats:
    """Return what the last hidden layer makes of what one group saw: (E, n, …) -> (E n, d).

    Rows are agent by agent within each copy, as flattened actions (E, n) are.

    Args:
        policy: in the end, when all was learned.
        observations: of its group.

    Raises:
        NotOffered: it is no network that can be opened, such as a table or a rule, or one whose
            outputs follow from percepts without a layer in between.
    """
    if not all(hasattr(policy, part) for part in ("layers", "features")):
        raise NotOffered(
            f"backdoors are looked for in what a network's last hidden layer makes of percepts, "
            f"and a {type(policy).__name__} is none that can be opened; look at a policy of ppo, "
            "a2c, gpomdp or SB3, or at gradients with sever"
        )
    opened = cast("InspectablePolicy", policy)
    names = [layer.name for layer in opened.layers()]
    if len(names) < 2:
        raise NotOffered(
            f"this {type(policy).__name__} has no hidden layer whose features could be looked at: "
            "its outputs follow at once from what is seen; train one with hidden layers"
        )
    made = np.asarray(opened.features(observations)[names[-2]], dtype=np.float64)
    return made.reshape(-1, made.shape[-1])
