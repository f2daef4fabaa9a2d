"""The frequency filter: nobody is believed too often, lest few liars be most of what is applied."""

from collections.abc import Callable, Sequence

from rallypoint.errors import InvalidConfig, did_you_mean


def _strong(accepted: Sequence[int], candidate: int, f: int) -> bool:
    return candidate not in accepted[len(accepted) - min(len(accepted), 2 * f) :]


def _weak(accepted: Sequence[int], candidate: int, f: int) -> bool:
    if not f:
        return True
    window = [*accepted[len(accepted) - min(len(accepted), 2 * f) :], candidate]
    return window.count(candidate) <= f


def _off(accepted: Sequence[int], candidate: int, f: int) -> bool:
    del accepted, candidate, f
    return True


FORMS: dict[str, Callable[[Sequence[int], int, int], bool]] = {
    "strong": _strong,
    "weak": _weak,
    "off": _off,
}


def check_form(form: str) -> None:
    """Refuse a form of the filter that there is not.

    Raises:
        InvalidConfig: names the nearest.
    """
    if form not in FORMS:
        raise InvalidConfig(f"no frequency filter is called {form!r}{did_you_mean(form, FORMS)}")


def may_be_next(accepted: Sequence[int], candidate: int, f: int, *, form: str = "strong") -> bool:
    """Say whether a contributor's update may be applied after those accepted so far.

    Of any 2 f + 1 updates applied in a row, f + 1 must come from the honest. Not knowing who these
    are, the f most frequent contributors may own at most f of them, which is to say that all
    2 f + 1 are of different contributors: the strong form. It waits for 2 f + 1 that reply, so f
    silent liars stop it for ever unless n >= 3 f + 1. The weak form lets each contributor have f
    of them; for f >= 2 two liars who take turns own more than f.

    >>> may_be_next([0, 1, 2, 3], 0, f=2), may_be_next([0, 1, 2, 3], 0, f=2, form="weak")
    (False, True)

    Args:
        accepted: contributors, newest last; the last 2 f are looked at.
        candidate: whose update is in question.
        f: how many may lie.
        form: "strong", "weak" or "off".

    Source: Damaskinos et al. (2018), ICML, arXiv:1802.07928; the weak form is that of a port of it.
    """
    return FORMS[form](accepted, candidate, f)
