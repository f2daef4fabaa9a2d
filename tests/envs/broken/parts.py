"""Worlds that remove, remember or draw badly."""

import numpy as np

from tests.envs.broken.catalogue import says
from tests.envs.harbour import Harbour


@says("boat_0 in row 1 is removed and still alive")
class RemovesNobody(Harbour):
    def remove(self, mask):
        return self._observe()


@says("boat_0 in row 1 was removed, and is alive 1 steps later")
class BringsTheRemovedBack(Harbour):
    gone = False

    def remove(self, mask):
        self.gone = mask
        return super().remove(mask)

    def _advance(self, actions):
        returned = super()._advance(actions)
        self._alive |= self.gone
        return returned


@says("removal lasts beyond the next reset: alive of boat_0 in row 1")
class RemovesForGood(Harbour):
    gone = False

    def remove(self, mask):
        self.gone = self.gone | mask
        return super().remove(mask)

    def _start(self, mask):
        super()._start(mask)
        self._alive &= ~np.asarray(self.gone)


@says("restored in the world it was taken of, a snapshot goes on another way: observations.'gulls'")
class ForgetsTheGulls(Harbour):
    _state_arrays = ("_cells",)


@says("restored in a new world, a snapshot goes on another way: observations.'gulls'")
class KeepsSomethingBack(Harbour):
    wind = 0.0

    def _start(self, mask):
        super()._start(mask)
        self.wind = 1.0

    def _observe(self):
        seen = super()._observe()
        return seen | {"gulls": seen["gulls"] + np.float32(self.wind)}


@says("a snapshot is written to by the steps after it")
class SnapshotsWithoutCopying(Harbour):
    def snapshot(self):
        return super().snapshot() | {"_elapsed": self._elapsed}


@says("a snapshot must hold arrays of numbers, and its '_note' is str")
class SnapshotsText(Harbour):
    def snapshot(self):
        return super().snapshot() | {"_note": "hello"}


@says(r"render\(\) in mode 'rgb_array' must be uint8 \(H, W, 3\), and is float64 \(4, 7, 3\)")
class DrawsInFloats(Harbour):
    def render(self, copy=0):
        return super().render(copy) / 255.0


@says("drawing in mode 'rgb_array' changes the episode: ")
class DrawsByChance(Harbour):
    def render(self, copy=0):
        self._draws.random()
        return super().render(copy)


@says(r"render\(copy=1\) in mode 'rgb_array' raises IndexError")
class DrawsTheFirstCopyOnly(Harbour):
    def render(self, copy=0):
        return [super().render(0)][copy]
