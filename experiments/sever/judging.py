"""What is claimed of one update, made of trajectories some of which are lies."""

from collections.abc import Iterator, Mapping

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments.sever import SOURCE
from rallypoint.experiments.sever.config import WAYS

IN_WORDS = {
    "spread": "lies in every contributor",
    "whole": "contributors that always lie",
    "single": "lies in one contributor",
    "quiet": "quiet lies in every contributor",
}


def of_updates(errors: Mapping[str, Floats], recalls: Mapping[str, Floats]) -> Iterator[Claim]:
    """Judge errors (R, ways) and recalls (R,) by scene."""

    def ratio(scene: str, way: str) -> Floats:
        """Return the error of a way as a share of the plain mean's."""
        return errors[scene][:, WAYS.index(way)] / errors[scene][:, WAYS.index("mean")]

    def left(name: str, values: Floats, words: str, expected: str, source: str = "ours") -> Claim:
        statement = f"{words}: what error is left, as a share of the plain mean's"
        return claim_over_seeds(
            f"sever/{name}", values, statement=statement, source=source, expected=expected
        )

    yield left(
        "spread/inside",
        ratio("spread", "inside"),
        "loud lies in a tenth of everybody's trajectories are caught inside",
        "<= 0.5",
        SOURCE,
    )
    yield left(
        "spread/across",
        ratio("spread", "across"),
        "and are not across contributors, who are all alike",
        ">= 0.8",
    )
    yield left(
        "whole/across",
        ratio("whole", "across"),
        "contributors all of whose trajectories are loud lies are caught across",
        "<= 0.5",
    )
    yield left(
        "whole/inside",
        ratio("whole", "inside"),
        "and are not inside, where nobody says otherwise",
        ">= 0.5",
    )
    yield left(
        "both",
        np.max([ratio(scene, "both") for scene in ("spread", "whole")], axis=0),
        "a filter inside and a rule across catch both, judged by the worse of the two",
        "<= 0.6",
    )
    yield left(
        "single/price",
        ratio("single", "inside"),
        "where only one contributor lies now and then, a filter in all of them costs no more than "
        "it saves",
        "<= 1",
    )
    for scene in ("spread", "single"):
        yield claim_over_seeds(
            f"sever/{scene}/recall",
            recalls[scene],
            statement=f"of loud lies ({IN_WORDS[scene]}) most are found: share of them",
            source=SOURCE,
            expected=">= 0.8",
        )
    yield claim_over_seeds(
        "sever/quiet/recall",
        recalls["quiet"],
        statement="of lies as loud as the truth, which move the mean by less than the root of "
        "their share of a standard deviation, hardly any are found: share of them",
        source=SOURCE,
        expected="<= 0.35",
    )
