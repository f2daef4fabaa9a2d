"""The quantile of N(0, 1) in loops that numba compiles: the numbers of SciPy's, sooner.

Three quarters of all numbers lie in the middle, where a rational function is all there is: it is
taken of every number, without a branch, so that the loop becomes one over vectors. What lies in
the tails, with its logarithms, is gathered and put over it.

Source: ``ndtri`` of Moshier (1989), "Methods and Programs for Mathematical Functions" (Cephes),
whose coefficients these are, and whose order of every sum and product.
"""

import math

import numpy as np
from numpy.typing import NDArray

from rallypoint.acceleration import compiled, inlined

Numbers = NDArray[np.float64]
Fourth = tuple[float, float, float, float, float]
Eighth = tuple[float, float, float, float, float, float, float, float, float]

_TAIL = 0.13533528323661269189  # exp(-2)
_OTHER_TAIL = 1.0 - _TAIL
_WIDTH = 2.50662827463100050242  # sqrt(2 pi)
_HALF = 0.5
_LEAST = 2.0**-54  # see ``normal.normal_of``
_FAR = 8.0  # sqrt(-2 log(p)), from which on there are other coefficients
_TOGETHER = 1024  # numbers at a time: what is made of them stays in cache

# Above and below the line, the highest power first.
_MIDDLE: Fourth = (
    -5.99633501014107895267e1,
    9.80010754185999661536e1,
    -5.66762857469070293439e1,
    1.39312609387279679503e1,
    -1.23916583867381258016e0,
)
_UNDER_MIDDLE: Eighth = (
    1.0,
    1.95448858338141759834e0,
    4.67627912898881538453e0,
    8.63602421390890590575e1,
    -2.25462687854119370527e2,
    2.00260212380060660359e2,
    -8.20372256168333339912e1,
    1.59056225126211695515e1,
    -1.18331621121330003142e0,
)
_NEAR: Eighth = (
    4.05544892305962419923e0,
    3.15251094599893866154e1,
    5.71628192246421288162e1,
    4.40805073893200834700e1,
    1.46849561928858024014e1,
    2.18663306850790267539e0,
    -1.40256079171354495875e-1,
    -3.50424626827848203418e-2,
    -8.57456785154685413611e-4,
)
_UNDER_NEAR: Eighth = (
    1.0,
    1.57799883256466749731e1,
    4.53907635128879210584e1,
    4.13172038254672030440e1,
    1.50425385692907503408e1,
    2.50464946208309415979e0,
    -1.42182922854787788574e-1,
    -3.80806407691578277194e-2,
    -9.33259480895457427372e-4,
)
_BEYOND: Eighth = (
    3.23774891776946035970e0,
    6.91522889068984211695e0,
    3.93881025292474443415e0,
    1.33303460815807542389e0,
    2.01485389549179081538e-1,
    1.23716634817820021358e-2,
    3.01581553508235416007e-4,
    2.65806974686737550832e-6,
    6.23974539184983293730e-9,
)
_UNDER_BEYOND: Eighth = (
    1.0,
    6.02427039364742014255e0,
    3.67983563856160859403e0,
    1.37702099489081330271e0,
    2.16236993594496635890e-1,
    1.34204006088543189037e-2,
    3.28014464682127739104e-4,
    2.89247864745380683936e-6,
    6.79019408009981274425e-9,
)


@inlined
def fourth(x: float, a: Fourth) -> float:
    """Return a polynomial of degree four."""
    return (((a[0] * x + a[1]) * x + a[2]) * x + a[3]) * x + a[4]


@inlined
def eighth(x: float, a: Eighth) -> float:
    """Return a polynomial of degree eight."""
    upper = (((a[0] * x + a[1]) * x + a[2]) * x + a[3]) * x + a[4]
    return (((upper * x + a[5]) * x + a[6]) * x + a[7]) * x + a[8]


@inlined
def from_tail(x: float, log: float, above: Eighth, below: Eighth) -> float:
    """Return the quantile of a share in a tail; x is sqrt(-2 log(share)), and log that of x."""
    z = 1.0 / x
    return x - log / x - z * eighth(z, above) / eighth(z, below)


@inlined
def gather(some: Numbers, places: NDArray[np.int64], shares: Numbers) -> int:
    """Write down what lies in the tails, and where; return how many do."""
    count = 0
    for place in range(len(some)):  # what does not count is written over by the next
        places[count] = place
        shares[count] = some[place]
        count += (some[place] <= _TAIL) | (some[place] > _OTHER_TAIL)
    return count


@inlined
def solve(shares: Numbers, lengths: Numbers, tails: Numbers) -> None:
    """Find the quantiles of what lies in the tails.

    In loops of few things each: what LLVM makes of one that does them all is no vectors.
    """
    for tail in range(len(shares)):
        share = shares[tail] if shares[tail] < _HALF else 1.0 - shares[tail]
        tails[tail] = max(share, _LEAST)
    for tail in range(len(shares)):
        tails[tail] = math.log(tails[tail])
    is_far = False
    for tail in range(len(shares)):
        lengths[tail] = math.sqrt(-2.0 * tails[tail])
        is_far |= lengths[tail] >= _FAR
    for tail in range(len(shares)):
        tails[tail] = math.log(lengths[tail])
    for tail in range(len(shares)):
        found = from_tail(lengths[tail], tails[tail], _NEAR, _UNDER_NEAR)
        tails[tail] = math.copysign(found, shares[tail] - _HALF)
    for tail in range(len(shares) * is_far):  # one of 10^13
        if lengths[tail] >= _FAR:
            found = from_tail(lengths[tail], math.log(lengths[tail]), _BEYOND, _UNDER_BEYOND)
            tails[tail] = math.copysign(found, shares[tail] - _HALF)


@compiled("void(float64[::1])")
def quantiles(numbers: Numbers) -> None:
    """Put in the place of numbers in [0, 1) the quantiles of N(0, 1); see ``normal.normal_of``."""
    places = np.empty(_TOGETHER, np.int64)  # of what lies in the tails
    shares, lengths, tails = np.empty(_TOGETHER), np.empty(_TOGETHER), np.empty(_TOGETHER)
    for first in range(0, len(numbers), _TOGETHER):
        some = numbers[first : first + _TOGETHER]
        count = gather(some, places, shares)
        for place in range(len(some)):
            offset = some[place] - _HALF
            square = offset * offset
            ratio = square * fourth(square, _MIDDLE) / eighth(square, _UNDER_MIDDLE)
            some[place] = (offset + offset * ratio) * _WIDTH
        solve(shares[:count], lengths, tails)
        for tail in range(count):
            some[places[tail]] = tails[tail]
