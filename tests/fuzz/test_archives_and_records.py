"""Broken recordings, logs, archives and finished pieces, and names of parts: read, or refused."""

import io
import shutil
import string
import zipfile

import numpy as np
import pytest
from stable_baselines3 import PPO

import rallypoint
from rallypoint.agents.belief.network import BeliefNetwork, load_belief, save_belief
from rallypoint.agents.rounds import recorded
from rallypoint.agents.sb3.archives import load_archive
from rallypoint.draws import stream
from rallypoint.envs.views.sb3 import Sb3View
from rallypoint.errors import RallypointError, UnreadableFile
from rallypoint.experiments.byzantine_gradient.cells import Grid, run_cells
from rallypoint.experiments.byzantine_gradient.kept import Kept as KeptRuns
from rallypoint.experiments.byzantine_gradient.setting import Setting
from rallypoint.experiments.cli import main
from rallypoint.experiments.kept import Kept
from rallypoint.experiments.new.skeleton import skeleton
from rallypoint.experiments.report.recorded import read_run
from rallypoint.experiments.verify.record import look_at
from rallypoint.safety.interruption.human_log import Script, read_log
from rallypoint.safety.recording_files import read_recording
from rallypoint.safety.updates.recording import read_updates
from rallypoint.takeover import check_free, clear
from tests.experiments.progress import no_progress
from tests.experiments.report.toy_runs import write_run
from tests.fuzz.breaking import EACH, broken, in_memory
from tests.fuzz.hostile import STRANGE, emptied, overwritten, overwritten_lines, rearranged, stirred

pytestmark = pytest.mark.fuzz
OF_ARRAYS = stirred, rearranged, rearranged, emptied
RECORDED = {
    "tables": "--env gathering-v0 --agent q_learning --steps 300",
    "contributors": "--env two-state-v0 --agent gpomdp --workers 3 --steps 40 --record-vectors",
}
LOG = (
    '{"episode": 0, "step": 12, "agent": "agent_1"}\n'
    '{"episode": 1, "step": 3, "agent": 0, "action": 1, "copy": 0}\n'
)
CAME = "contributor,version,at,outcome\n0,0,0,arrived\n2,0,1,gone\n1,1,2,failed\n"


@pytest.fixture(scope="module", params=RECORDED)
def run(request):
    """Return the folder of a training that was written down."""
    with in_memory() as place:
        folder = place / request.param
        with pytest.raises(SystemExit) as ended:
            main(["train", *RECORDED[request.param].split(), "--record", "--out", str(folder)])
        assert not ended.value.code
        yield folder


def test_recordings(run):
    read = read_updates if run.name == "contributors" else read_recording
    broken(dict.fromkeys((run / "recording").rglob("*.npz"), OF_ARRAYS), read, EACH)


def test_trainings_that_were_written_down_are_looked_at(run):
    parts = dict.fromkeys((run / "recording").rglob("*.npz"), OF_ARRAYS)
    told = dict.fromkeys(run.glob("*.json"), (stirred, overwritten, overwritten))

    def read(_):
        for finding in look_at(read_run(run)):
            if finding.state == "differs":
                raise UnreadableFile(str(finding))

    broken(parts | told, read, EACH // 2)


def test_a_folder_is_taken_over_and_nothing_beside_it(tmp_path):
    write_run(tmp_path / "run")
    (tmp_path / "ours").mkdir()
    beside = tmp_path / "ours/metrics.jsonl"

    def read(path):
        shutil.copytree(path.parent, tmp_path / "ours/run")
        beside.write_text("somebody's")
        try:
            check_free(tmp_path / "ours/run", "toy")
            clear(tmp_path / "ours/run")
        finally:
            shutil.rmtree(tmp_path / "ours/run")
            assert beside.read_text() == "somebody's"

    broken({tmp_path / "run/manifest.json": (stirred, overwritten, overwritten)}, read, EACH)


def test_logs_of_people(tmp_path):
    (tmp_path / "log.jsonl").write_text(LOG)
    env = rallypoint.make("gathering-v0")
    broken(
        {tmp_path / "log.jsonl": (stirred, overwritten_lines)},
        lambda path: Script(read_log(path), env, str(path)),
        4 * EACH,
    )


def test_records_of_arrivals(tmp_path):
    (tmp_path / "arrivals.csv").write_text(CAME)
    broken(
        {tmp_path / "arrivals.csv": (stirred,)},
        lambda path: recorded.RecordedDelays(file=str(path)).of(3, seed=0),
        4 * EACH,
    )


def test_archives_of_stable_baselines(tmp_path):
    path = tmp_path / "model.zip"
    env = rallypoint.make("two-state-v0")
    view = Sb3View(env)
    net = {"policy_kwargs": {"net_arch": [4]}, "device": "cpu"}
    PPO("MlpPolicy", view, n_steps=8, batch_size=8, **net).save(path)
    broken({path: (stirred, with_other_words)}, lambda at: load_archive(at, env, "sb3:PPO"), EACH)


def with_other_words(content, rng):
    """Return an archive of SB3 whose plain text is strange."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            kept = old.read(name)
            new.writestr(name, overwritten(kept, rng) if name == "data" else kept)
    return packed.getvalue()


def test_beliefs(tmp_path):
    save_belief(tmp_path / "belief.safetensors", BeliefNetwork(3, 2, hidden=4))
    broken({tmp_path / "belief.safetensors": (stirred,)}, load_belief, 2 * EACH)


def test_finished_pieces(tmp_path):
    kept = Kept(str(tmp_path))
    about = {"seeds": [0, 1], "settings": {"alpha": 0.1}}
    kept.piece("arrays", about, lambda: {"paid": np.arange(4.0), "lengths": np.arange(3)})
    kept.plain("plain", about, lambda: {"paid": [1, 2.5], "who": {"agent_0": None}})
    files = {tmp_path / "arrays.npz": OF_ARRAYS, tmp_path / "plain.json": (stirred, overwritten)}

    def read(path):
        of = kept.piece if path.suffix == ".npz" else kept.plain
        of(path.stem, about, lambda: pytest.fail("it is there"))

    broken(files, read, 4 * EACH)


def test_finished_runs_of_a_grid(tmp_path):
    setting = Setting(rounds=2, episodes=1)
    kept = KeptRuns(str(tmp_path))
    list(run_cells(Grid(setting, ("none",), ("mean",)), (0, 1), kept, no_progress))
    (path,) = tmp_path.rglob("mean.json")
    broken(
        {path: (stirred, overwritten, overwritten)},
        lambda _: kept.of(setting, "none", "mean"),
        2 * EACH,
    )


def test_names_of_new_parts():
    rng = stream(0, "fuzz", "names")
    letters = np.array([*string.printable, "ü", "\u202e", "𝔞", "\x00", "ß"])
    refused = 0
    for turn in range(EACH):
        strange = str(STRANGE[rng.integers(len(STRANGE))])
        name = "".join(rng.choice(letters, size=rng.integers(1, 9))) if turn % 2 else strange
        try:
            files = skeleton("aggregator", name)
        except RallypointError:
            refused += 1
            continue
        assert name.replace("-", "_").isidentifier()
        assert not any(path.startswith(("/", "..")) for path in files)
    assert refused > EACH / 2
