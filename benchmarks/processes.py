"""Every suite in a process of its own, from the Python that has its library."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from install_peers import ROOT, python_of, why_missing
from suites import load
from timing import Case, Failed, Sample, Sampler

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NPROC",  # XLA's: how many cores it believes in
)
# Libraries read these when they are imported, so a process has them from its start.
ENVIRON: Mapping[str, str] = dict.fromkeys(THREADS, "1") | {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
    "CUDA_VISIBLE_DEVICES": "",
    "RALLYPOINT_FAST": "0",  # NumPy alone, where a case says nothing else
    "SDL_VIDEODRIVER": "dummy",
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",
}
_WORKER = Path(__file__).with_name("worker.py")
_GOES_WITHIN = 5.0  # seconds, once nobody asks any more


class Process:
    """One suite's process."""

    def __init__(
        self, suite: str, environ: Mapping[str, str], *, quick: bool, folder: Path | None = None
    ) -> None:
        """Start it, without its library yet.

        Raises:
            Failed: the Python that it needs is not there.
        """
        self._suite = suite
        loaded = load(suite)
        self._needs = loaded.needs
        self._made_by = loaded.made_by
        self._folder = folder or ROOT / loaded.home
        python = sys.executable if self._needs is None else python_of(self._folder)
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - as long as the process
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own file
                [python, str(_WORKER), suite, *(["--quick"] if quick else [])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                env=dict(environ) | dict(ENVIRON),
                text=True,
                encoding="utf-8",
                start_new_session=True,  # an interruption from the keyboard is for us to handle
            )
        except OSError as error:
            self._said.close()
            raise Failed(f"{python}: {error.strerror}; see `{self._made_by}`") from error

    def ask(self, do: str, **what: Any) -> Any:
        """Ask and wait for the answer.

        Raises:
            Failed: it could not do it, or has ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps({"do": do, **what}), file=self._process.stdin, flush=True)
            answer = json.loads(self._process.stdout.readline())
        except (OSError, ValueError) as error:
            raise Failed(f"its process ended: {self._last_words()}") from error
        if "failure" in answer:
            raise Failed(self._explained(answer["failure"]))
        return answer["ok"]

    def close(self) -> None:
        """Let it go, or end it if it does not."""
        try:
            self._process.communicate(timeout=_GOES_WITHIN)
        except subprocess.TimeoutExpired:  # in the middle of something
            self._process.kill()
            self._process.communicate()
        self._said.close()

    def _explained(self, failure: str) -> str:
        missing = failure.startswith(("ModuleNotFoundError", "ImportError"))
        if self._needs is None or not missing:
            return failure
        return f"{failure}; {why_missing(self._needs, self._folder, self._made_by)}"

    def _last_words(self) -> str:
        code = self._process.wait()
        self._said.seek(0)
        lines = self._said.read().split("\n")
        return next((line for line in reversed(lines) if line.strip()), f"exit code {code}")


class Processes:
    """Those of all suites, each started when it is first needed."""

    def __init__(self, environ: Mapping[str, str], *, quick: bool) -> None:
        """Start none yet."""
        self._environ = environ
        self._quick = quick
        self._by_suite: dict[str, Process] = {}

    def __enter__(self) -> Self:
        """Start none yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End them all."""
        for process in self._by_suite.values():
            process.close()

    def open_case(self, case: Case) -> Sampler:
        """Get a case ready in its suite's process.

        Raises:
            Failed: it cannot be.
        """
        process = self._of(case.suite)
        process.ask("open", case=case.id, rounds=case.rounds)
        return partial(_sample, process, case.id)

    def check(self, suite: str, kind: str) -> str:
        """Ask a suite whether its answers of a kind are right.

        Raises:
            Failed: it gives none.
        """
        return str(self._of(suite).ask("check", kind=kind))

    def versions(self) -> dict[str, dict[str, str]]:
        """Return the versions of what was timed, by suite."""
        found = {}
        for suite, process in self._by_suite.items():
            try:
                found[suite] = process.ask("versions")
            except Failed:
                continue
        return found

    def _of(self, suite: str) -> Process:
        if suite not in self._by_suite:
            self._by_suite[suite] = Process(suite, self._environ, quick=self._quick)
        return self._by_suite[suite]


def _sample(process: Process, id: str, seconds: float) -> Sample:
    return Sample(*process.ask("sample", case=id, seconds=seconds))
