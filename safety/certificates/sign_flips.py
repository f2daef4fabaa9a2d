"""Exact tests of paired samples: under the null hypothesis each pair may be swapped.

A statistic of pairs that is a quadratic form in the pairs' signs, hᵀ M h, is compared with its
values under a group of sign vectors h. Any group of flips that leaves the null distribution alone
makes the test exact, not only the group of all of them: Hemerik & Goeman (2018), "Exact testing
with random permutations", TEST 27; Koning & Hemerik (2024), "More efficient exact group-invariance
testing: using a representative subgroup", Biometrika 111. Here each pair i gets a code a_i of b
bits, and flip w turns the pairs with odd popcount(w & a_i). These 2^b flips are a group, and all
2^b values of the form are one Walsh-Hadamard transform of M summed over equal a_i xor a_j:
O(n² + b 2^b) for all flips together, where single ones take O(n²) each.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import hadamard

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BITS = 12  # 4,096 flips: p-values are multiples of 1/4,096

_ROUNDING = 1e-12  # of the sum of all |M|: values closer than that are ties


def flip_codes(num_pairs: int, rng: np.random.Generator, *, bits: int = BITS) -> Integers:
    """Give each pair the code that says which flips turn it: (n,).

    Up to so many pairs as bits the flips are all there are, and the test is complete enumeration.
    Beyond, codes are drawn, distinct as long as there are enough of them.

    >>> flip_codes(3, np.random.default_rng(0)).tolist()
    [1, 2, 4]
    """
    if num_pairs <= bits:
        return 1 << np.arange(num_pairs)
    num_codes = (1 << bits) - 1  # 0 would never be turned
    return 1 + rng.choice(num_codes, num_pairs, replace=num_pairs > num_codes).astype(np.int64)


def flipped_forms(form: Floats, codes: Integers) -> Floats:
    """Return hᵀ M h for every flip h, the first of which turns nothing: (n, n) -> (2^b,).

    >>> flipped_forms(np.array([[1.0, 2.0], [2.0, 1.0]]), np.array([1, 2])).tolist()
    [6.0, -2.0, -2.0, 6.0]
    """
    bits = int(codes.max()).bit_length()
    together = codes[:, None] ^ codes
    sums = np.bincount(together.ravel(), form.ravel(), minlength=1 << bits)
    # The transform is a Kronecker product, so two products of small matrices do it.
    high, low = bits - bits // 2, bits // 2
    forms: Floats = hadamard(1 << high, dtype=float) @ sums.reshape(1 << high, -1)
    return (forms @ hadamard(1 << low, dtype=float)).ravel()


def p_value(form: Floats, codes: Integers) -> float:
    """Return the share of flips under which hᵀ M h is at least what it is without one.

    At least 1 over the number of flips, and 1 where nothing differs.
    """
    forms = flipped_forms(form, codes)
    return float((forms >= forms[0] - _ROUNDING * np.abs(form).sum()).mean())
