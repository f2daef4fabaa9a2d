"""What our aggregators ought to cost: by the floors, and beside their peers."""

from collections.abc import Iterator, Mapping, Sequence

from goals import AtMost, Faster, Goal
from suites.rules import column, id_of, size_of
from suites.rules.ours import AFTER_NNM, BULYAN, SPAN
from suites.rules.verdicts import is_right
from timing import Case

_LEAST_COLUMNS = 100_000  # below, calls cost more than arithmetic
_FAR_FASTER = ("geometric_median", "caf", "nnm", "bulyan")
_FEW = 20  # updates up to which calls and copies show beside the products
_WHY_CALLS = "a tenth of a millisecond of calls beside few products"
_WHY_STEPS = f"its steps in n numbers, each some calls; and {_WHY_CALLS}"
_WHY_MEDIAN = "it measures from the coordinate median, which is a pass of its own"
_WHY_SAMPLE = "drawing and gathering columns, which does not grow with d"
_WHY_MIXED = "the mixing is a whole product, where G is half of one"
_WHY_NETWORK = "130 to 140 minima and maxima of rows; at d = 100,000 R reads from the cache"
_WHY_READS = "reads as often as peers, who check nothing, and a tenth of a millisecond of calls"
_WHY_GRAM = "so few rows are read soon, and one Gram takes as long as several reads"
_STEPPING = ("geometric_median", "mda", "caf", "filter", "que", "expert_rank")
_SORTED = 20  # updates at which a network must beat the sort


def goals(cases: Sequence[Case], verdicts: Mapping[str, str]) -> list[Goal]:
    """Return every goal, of the sizes in question.

    Args:
        cases: what may be timed.
        verdicts: what is known of each row's answers.
    """
    return [
        goal
        for n, d in sorted({size_of(case) for case in cases})
        if d >= _LEAST_COLUMNS
        for goal in [*_by_the_floors(n, d), *_beside_peers(n, d, verdicts)]
    ]


def _by_the_floors(n: int, d: int) -> Iterator[Goal]:
    read, gram = (id_of("floor", floor, n, d) for floor in ("R", "G"))

    def ours(rule: str) -> str:
        return id_of("ours", rule, n, d)

    for rule in [*SPAN, *(f"nnm+{rule}" for rule in AFTER_NNM)]:
        times = (1.5, gram), (3, read)
        why = _why_slower_than_the_floors(rule, n)
        yield AtMost(case=ours(rule), times=times, expected="≤ 1.5 G + 3 R", why=why)
    for rule in BULYAN:
        times = (1.5, gram), (1, ours("meamed"))
        why = _WHY_CALLS if n <= _FEW else ""
        yield AtMost(case=ours(rule), times=times, expected="≤ 1.5 G + meamed", why=why)
    for rule in ("median", "trimmed_mean"):
        times = (2.5, gram), (1, ours(rule))
        expected = f"≤ 2.5 G + {rule}"
        yield AtMost(case=ours(f"nnm+{rule}"), times=times, expected=expected, why=_WHY_MIXED)
        if n == _SORTED:
            sort = (id_of("floor", "np.sort", n, d),)
            yield _faster(rule, n, d, sort, "np.sort", least=1)
            times = ((6, read),)
            yield AtMost(case=ours(rule), times=times, expected="aim: ≤ 6 R", why=_WHY_NETWORK)


def _why_slower_than_the_floors(rule: str, n: int) -> str:
    """Return what keeps a rule from its limit where it does not keep to it, as far as known."""
    if rule == "aksel":
        return _WHY_MEDIAN
    if rule == "dnc":
        return _WHY_SAMPLE
    if n > _FEW:
        return ""
    return _WHY_STEPS if rule.removeprefix("nnm+") in _STEPPING else _WHY_CALLS


def _why_slower_than_peers(rule: str, n: int) -> str:
    if rule in ("cge", "monna", "centered_clipping"):
        return _WHY_READS
    return _WHY_GRAM if "geometric_median" in rule or n <= _FEW else ""


def _beside_peers(n: int, d: int, verdicts: Mapping[str, str]) -> Iterator[Goal]:
    libraries: dict[str, list[str]] = {}
    for row in verdicts:
        library, _, rule = row.partition(": ")
        libraries.setdefault(rule, []).append(library)
    for rule, known in libraries.items():
        peers = [library for library in known if library != "ours"]
        right = [library for library in peers if is_right(verdicts[f"{library}: {rule}"])]
        if "ours" not in known or rule == "mean":
            continue
        if right:
            yield _faster(rule, n, d, _ids(right, rule, n, d), "the fastest that is right", least=1)
        if peers and any(name in rule for name in _FAR_FASTER):
            yield _faster(rule, n, d, _ids(peers, rule, n, d), "the fastest, right or not", least=3)
        if right and rule == "geometric_median":  # those that go on until they converge
            called = "the fastest that converges"
            yield _faster(rule, n, d, _ids(right, rule, n, d), called, least=20)


def _ids(libraries: Sequence[str], rule: str, n: int, d: int) -> tuple[str, ...]:
    return tuple(id_of(library, rule, n, d) for library in libraries)


def _faster(
    rule: str, n: int, d: int, than: tuple[str, ...], called: str, *, least: float
) -> Faster:
    return Faster(
        section="rules",
        row=rule,
        column=column(n, d),
        case=id_of("ours", rule, n, d),
        than=than,
        called=called,
        least=least,
        why=_why_slower_than_peers(rule, n),
    )
