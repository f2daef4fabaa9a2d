"""Colours that survive colour blindness, and text that can be read, as the style sheet has them.

Dichromats are simulated by the matrices of Machado, Oliveira & Fernandes (2009), "A
Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE TVCG 15(6), severity
1.0, on linear RGB; differences are those of CIE Lab (1976).
"""

import re
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from rallypoint.experiments import plots
from rallypoint.experiments.report import page

STYLE = (Path(page.__file__).parent / "templates/style.css").read_text()
EYES = {
    "typical": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
APART, FAR_APART = 15, 25  # seen at a glance: a just noticeable difference is about 2.3
SCHEMES = ("light", "dark", "print")
every_scheme = pytest.mark.parametrize("scheme", SCHEMES)
every_eye = pytest.mark.parametrize("eye", EYES)


def colours(scheme):
    """Return the style sheet's named colours in light, in dark or on paper."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE, flags=re.DOTALL)
    assert len(blocks) == len(SCHEMES)
    named = {}
    for block in (blocks[0], blocks[SCHEMES.index(scheme)]):
        named |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block))
    return named


def linear(colour):
    """Return linear RGB in 0..1."""
    digits = colour.lstrip("#")
    digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    srgb = np.array([int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)])
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def lab(colour, eye):
    """Return a colour as an eye sees it, in CIE Lab."""
    seen = np.clip(EYES[eye] @ linear(colour), 0, 1)
    ratio = _XYZ @ seen / (_XYZ @ np.ones(3))
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one, other, eye):
    return float(np.linalg.norm(lab(one, eye) - lab(other, eye)))


def contrast(one, other):
    """Return the contrast ratio of WCAG 2."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    low, high = sorted(float(weights @ linear(colour)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def test_the_simulation_confuses_what_dichromats_confuse():
    red, green = "#c04040", "#608040"
    assert difference(red, green, "typical") > 60
    assert difference(red, green, "deuteranopia") < 30
    for matrix in EYES.values():
        np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=2e-6)  # grey stays grey


@every_eye
@every_scheme
def test_lines_that_are_drawn_together_stay_apart(scheme, eye):
    named = colours(scheme)
    lines = [named[f"line-{style}"] for style in range(7)]
    apart = {pair: difference(*pair, eye) for pair in combinations(lines, 2)}
    assert min(apart.values()) > APART, min(apart, key=apart.get)
    # Most drawings have up to four.
    assert min(difference(*pair, eye) for pair in combinations(lines[:4], 2)) > FAR_APART


@every_eye
@every_scheme
def test_verdicts_stay_apart(scheme, eye):
    named = colours(scheme)
    assert difference(named["holds"], named["fails"], eye) > APART


@every_eye
def test_neighbours_in_our_plots_stay_apart(eye):
    for one, other in pairwise(plots.COLOURS):
        assert difference(one, other, eye) > APART


@every_scheme
def test_words_can_be_read_on_what_is_behind_them(scheme):
    named = colours(scheme)
    for behind in ("paper", "card", "shade", "odd-pale", "holds-pale", "fails-pale"):
        for words in ("ink", "dim", "link"):
            assert contrast(named[words], named[behind]) >= 4.5, (words, behind)
    for words in ("holds", "fails", "undecided", "limit"):
        assert contrast(named[words], named["paper"]) >= 4.5, words


@every_scheme
def test_lines_are_seen_on_their_paper(scheme):
    named = colours(scheme)
    for style in range(7):
        assert contrast(named[f"line-{style}"], named["card"]) >= 3, style


def test_no_line_is_told_by_its_colour_alone():
    dashes = dict(re.findall(r"\.line-(\d) \.mean \{ stroke-dasharray: ([^;]+);", STYLE))
    assert len({"": "", **dashes}.values()) == 7
    assert len(set(dashes.values())) == 6


def test_what_outcomes_are_called_styles_drawings_only_where_it_says_which():
    # ``limit`` is an outcome, and a bar in a chart: what is said of one must not reach the other.
    assert not re.findall(r"(?:^|[},])\s*\.(holds|fails|undecided|limit)\s*[,{]", STYLE)
