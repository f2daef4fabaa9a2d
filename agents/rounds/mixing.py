"""How peers mix the parameters that they hear with their own, and how close that brings them.

Any rule of ``rallypoint.safety.aggregation`` will do that needs no more than a peer has: what it
hears, and what it holds, which is the one row that it trusts, and the point from which it moves.
So ``monna`` is nearest-neighbour averaging around oneself and ``centered_clipping`` clips around
oneself (He, Karimireddy & Jaggi, 2022, arXiv:2202.01545).

*How close it brings the honest.* Let them be at most D apart, let f liars tell everybody otherwise,
and let each honest peer believe n - f rows: it leaves out as many honest ones as it takes liars.

- ``mda``: all rows that a peer believes are within D of each other. Between the means of two peers
  stand at most f honest rows that only one of them believes, at most D apart, and f liars on each
  side, within D of an honest one that both believe: (f D + 2 f D) / (n - f).
- ``monna``: a liar is within D of the peer that believes it, and no closer to the others. Two
  liars can be 3 D apart: 4 f D / (n - f), and two crowds of honest peers with a liar beyond each of
  them do have that.
- ``trimmed_mean``: what the honest make of a coordinate is within f / (n - 2 f) of their range
  in it, as sums of sorted values telescope.

These bounds, which are ours, are below 1 from n > 4 f, 5 f and 3 f on. Published theorems about
convergence ask for more: they also bound how far the mean of the honest is moved.
"""

from functools import lru_cache

import numpy as np

from rallypoint.agents.rounds.protocols import Floats
from rallypoint.errors import InvalidConfig, TooManyByzantine
from rallypoint.safety.aggregation import Aggregator, Context, Explanation

NO_MIXING = "none"
_SUPPLIED = frozenset({"trusted", "previous"})
_SLOPES = {"monna": 5, "mda": 4}  # of f in the number of peers; of any other rule 3


def check_mixing(mixing: str, n: int, f: int) -> None:
    """Refuse a rule that peers cannot ask, or that does not bring n of them together.

    No rule brings together n <= 3 f, as liars may tell everybody otherwise (Fischer, Lynch &
    Merritt, 1986, "Easy impossibility proofs for distributed consensus problems").

    Raises:
        InvalidConfig: it needs what peers do not have.
        UnknownName: no such rule; names the nearest.
        TooManyByzantine: says the bound.
    """
    rule = rule_of(mixing)
    if wanting := sorted(rule.needs - _SUPPLIED):
        raise InvalidConfig(
            f"peers know but their own parameters and what they hear, and {mixing} needs "
            f"{', '.join(wanting)}; take monna, mda, trimmed_mean or another such rule"
        )
    least = _SLOPES.get(mixing, 3) * f + 1
    if n < least:
        raise TooManyByzantine(
            f"peers that mix by {mixing} are sure to come together only from n >= {least} on if "
            f"f = {f} lie, and tell everybody otherwise; there are {n}: reckon with fewer liars, "
            "or take more peers"
        )
    rule.check(n, f)


def contraction(mixing: str, n: int, f: int) -> float | None:
    """Return by what factor an exchange shrinks the diameter of the honest; None: unknown.

    Of a trimmed mean it is their range in each coordinate.

    >>> contraction("monna", 11, 2), contraction("mda", 11, 2), contraction("trimmed_mean", 11, 2)
    (0.8888888888888888, 0.6666666666666666, 0.2857142857142857)
    """
    match mixing:
        case "monna":
            return 4 * f / (n - f)
        case "mda":
            return 3 * f / (n - f)
        case "trimmed_mean":
            return f / (n - 2 * f)
    return None


def mixed_by_each(heard: Floats, mixing: str, f: int) -> Floats:
    """Return what each of n peers makes of the parameters that it heard (n, n, D): (n, D).

    >>> row = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [6.0]])
    >>> mixed_by_each(np.broadcast_to(row, (6, 6, 1)), "monna", 1).ravel()
    array([2. , 2. , 2. , 2. , 3.2, 3.2])

    Raises:
        InvalidUpdates: more than f rows that somebody heard are not finite.
    """
    if not (heard.strides[0] or rule_of(mixing).needs):  # all hear the same, and ask alike
        return np.repeat(mixed_by_one(0, heard[0], mixing=mixing, f=f)[None], len(heard), axis=0)
    return np.stack(
        [mixed_by_one(peer, rows, mixing=mixing, f=f) for peer, rows in enumerate(heard)]
    )


def mixed_by_one(peer: int, rows: Floats, *, mixing: str, f: int) -> Floats:
    """Return what a peer makes of the parameters (n, D) that it heard, one row its own: (D,)."""
    mixed: Floats = rule_of(mixing)(rows, f, context=_view(peer, rows))
    return mixed


def explained_to_one(peer: int, rows: Floats, *, mixing: str, f: int) -> Explanation:
    """Say whom it believed, and how much."""
    return rule_of(mixing).explain(rows, f, context=_view(peer, rows))


def _view(peer: int, rows: Floats) -> Context:
    return Context(trusted=[peer], previous=rows[peer])


@lru_cache
def rule_of(name: str) -> Aggregator:
    """Return the rule of a name."""
    return Aggregator.parse(name)
