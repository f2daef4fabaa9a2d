"""As small as it can be run."""

from rallypoint.experiments.recommender.config import RecommenderConfig

SEEDS = (0, 1)
MINIATURE = RecommenderConfig(platforms=1, rounds=8, clicks=(10, 100), apart=(1.0,))
REFUSED = [
    ({"platforms": 0}, "platforms is a number >= 1, got 0"),
    ({"rounds": 7}, "rounds is a number >= 8"),
    ({"liars": 0}, "liars is a number >= 1"),
    ({"liars": 12}, "some of its 12 users must be left; got 12 liars"),
    ({"minority": 28}, "make either smaller"),
    ({"liars": 14, "minority": 20}, "make either smaller"),
    ({"clicks": (100, 10)}, "the fewer first"),
    ({"clicks": (10,)}, "at least two numbers"),
    ({"apart": ()}, r"shares in \[0, 1\]"),
    ({"apart": (2.0,)}, r"shares in \[0, 1\]"),
]
