"""Finding a Ray to compute on: one that is there, or one that is started here."""

import os
import shutil
import signal
import tempfile
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import ray
from ray.exceptions import GetTimeoutError, RayError, TaskUnschedulableError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

import rallypoint
from rallypoint.agents.rounds import probe
from rallypoint.agents.rounds.cluster.reaching import reach, reach_itself
from rallypoint.agents.rounds.placement import LOCAL, STORE, Placement
from rallypoint.errors import CannotGoOn
from rallypoint.manifest import BLAS_THREADS

_RAY: Any = ray  # where its functions say nothing of types


class Session:
    """A Ray that is connected to; it is left as it was found.

    Within one, others stand on what it found out: there is one connection for the whole process.
    """

    _stands: ClassVar[bool] = False

    def __init__(self, placement: Placement) -> None:
        """Connect to a Ray, or start one.

        Raises:
            CannotGoOn: there is none, it is of another version, or it has less than is asked for.
        """
        self._owns = not ray.is_initialized()
        self._is_outermost = self._owns or not Session._stands
        self._folder: str | None = None  # of the source that is shipped
        if self._owns:
            _connect(placement)
        try:
            self.cpus = float(_RAY.cluster_resources().get("CPU", 0))
            self._check_room(placement)
            if self._is_outermost:
                self._see_to_source(placement)
        except BaseException:
            self.close()
            raise
        Session._stands = True
        threads = {name: os.environ[name] for name in BLAS_THREADS if name in os.environ}
        self.environment: dict[str, Any] = {"env_vars": threads} if threads else {}

    def close(self) -> None:
        """Disconnect, and stop what was started here."""
        if self._is_outermost:
            Session._stands = False
        if self._owns and ray.is_initialized():
            ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _check_room(self, placement: Placement) -> None:
        actors = placement.actors or 1
        resources = _RAY.cluster_resources()
        for name, each in (("CPU", placement.cpus), ("GPU", placement.gpus)):
            has = resources.get(name, 0)
            if actors * each > has:
                fitting = int(has // each)
                fewer = f"actors={fitting}" if fitting else f"{name.lower()}s={has / actors:g}"
                raise CannotGoOn(
                    f"{actors} actors with {each:g} {name} each need {actors * each:g}, and the "
                    f"cluster has {has:g}; ask for fewer actors or less for each, as in --ray-set "
                    f"{fewer}, or add nodes"
                )

    def _see_to_source(self, placement: Placement) -> None:
        is_ours = self._owns and placement.address == LOCAL  # it runs what we run
        asks = placement.source == "auto" and not is_ours
        if placement.source == "ship" or (asks and _differs()):
            self._ship(placement)

    def _ship(self, placement: Placement) -> None:
        """Connect anew, as a job that brings its own rallypoint along."""
        if not self._owns:
            raise CannotGoOn(
                "nodes of this cluster have another rallypoint than this process, or none, and "
                "source can be shipped only with the connection: leave ray.init to us, or give it "
                'runtime_env={"py_modules": [the folder of a rallypoint without links]}, and say '
                "source=installed"
            )
        self._folder = tempfile.mkdtemp(prefix="rallypoint-")
        package = Path(self._folder) / "rallypoint"
        # A copy, without the links of a checkout.
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(Path(rallypoint.__file__).parent, package, ignore=ignored)
        ray.shutdown()
        _connect(placement, runtime_env={"py_modules": [str(package)]})


def _differs() -> bool:
    """Ask every node what it has; return whether any has another source than we.

    Raises:
        CannotGoOn: one has other versions of what makes bits.
    """
    mine = probe.probe()
    differs = False
    for node, theirs in _probed().items():
        wrong = {
            name: (found, mine[name])
            for name, found in theirs.items()
            if name != "rallypoint" and found != mine[name]
        }
        if wrong:
            told = ", ".join(f"{name} {a} (here {b})" for name, (a, b) in wrong.items())
            raise CannotGoOn(
                f"node {node} has {told}: numbers would depend on where they are computed; "
                "install the same versions there"
            )
        differs |= theirs["rallypoint"] != mine["rallypoint"]
    return differs


def _probed() -> Mapping[str, Mapping[str, str]]:
    """Return what every node has, by its address and id; this one's may run another Python."""
    _RAY.cloudpickle.register_pickle_by_value(probe)  # a node may have no rallypoint at all
    try:
        asked = ray.remote(probe.probe)
        nodes = [node for node in _RAY.nodes() if node["Alive"]]
        answers = [
            asked.options(
                num_cpus=0,
                scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
            ).remote()
            for node in nodes
        ]
        found = {}
        for node, answer in zip(nodes, answers, strict=True):
            try:
                name = f"{node['NodeManagerAddress']} ({node['NodeID'][:8]})"
                found[name] = ray.get(answer, timeout=60)
            except TaskUnschedulableError:  # it has gone, and was still on the list
                continue
            except (RayError, GetTimeoutError) as error:
                raise CannotGoOn(f"a node of the cluster does not answer: {error}") from error
        return found
    finally:
        _RAY.cloudpickle.unregister_pickle_by_value(probe)


def _connect(placement: Placement, **settings: Any) -> None:
    settings |= {"logging_level": "ERROR", "log_to_driver": False}
    if placement.address == LOCAL:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        cores = os.cpu_count() or 1
        # Here more actors than cores are fine; what one of them asks for must be there.
        wanted = (placement.actors or 1) * min(placement.cpus, cores)
        settings |= {
            "num_cpus": int(max(cores, -(-wanted // 1))),
            "include_dashboard": False,
            "object_store_memory": placement.object_store or STORE,
        }
    before = signal.getsignal(signal.SIGTERM)
    try:
        reach_itself() if placement.address == LOCAL else reach(placement.address)
        ray.init(address=placement.address, **settings)
    except Exception as error:  # Ray's own are of any type, a bare Exception among them
        if ray.is_initialized():
            ray.shutdown()
        raise CannotGoOn(_why_there_is_none(placement.address, error)) from error
    finally:
        signal.signal(signal.SIGTERM, before)  # ray.init puts its own there


def _why_there_is_none(address: str, error: Exception) -> str:
    why = textwrap.shorten(str(error) or type(error).__name__, 400, placeholder=" …")
    if address == LOCAL:
        return (
            f"no Ray could be started here: {why}; it needs room, and the right to write, where "
            "its temporary files and logs are (another place: RAY_TMPDIR=DIR), and a machine that "
            "may connect to itself. Without --ray all is computed in this process, to the same "
            "numbers"
        )
    return (
        f"no Ray could be used at {address!r}: {why}; start one of the version that is installed "
        "here with `ray start --head` and give its host:port, or say --ray local. One that asks "
        "for a token needs RAY_AUTH_MODE=token here, and the token in ~/.ray/auth_token"
    )


def first_line(error: BaseException) -> str:
    """Return what an error says first; Ray's go on for pages."""
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
