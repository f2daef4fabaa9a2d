"""Updates under threat: contributors that send other updates than they found.

>>> import numpy as np
>>> honest = np.array([[1.0, 2.0], [3.0, 4.0]])
>>> attack("sign_flip", honest, 1, rng=np.random.default_rng(0), factor=2.0)
array([[-4., -6.]])
"""

from rallypoint.safety.updates.attack import attack
from rallypoint.safety.updates.frame import Delivery, UpdateThreats

__all__ = ["Delivery", "UpdateThreats", "attack"]
