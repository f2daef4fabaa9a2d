"""Every module that reads files has a test that breaks them, or a reason why none does."""

import ast

from tests.fuzz import test_archives_and_records, test_fuzz
from tests.tree import ROOT, python_files

OTHERS, RECORDS = test_fuzz, test_archives_and_records
BREAKS = {  # by module: what breaks the files that it reads
    "agents/belief/network.py": RECORDS.test_beliefs,
    "agents/gradient/checkpoints.py": OTHERS.test_checkpoints,
    "agents/rounds/recorded.py": RECORDS.test_records_of_arrivals,
    "agents/saved.py": OTHERS.test_what_was_trained,
    "agents/sb3/archives.py": RECORDS.test_archives_of_stable_baselines,
    "agents/sb3/files.py": OTHERS.test_what_was_trained,
    "agents/tabular/tables.py": OTHERS.test_what_was_trained,
    "experiments/byzantine_gradient/kept.py": RECORDS.test_finished_runs_of_a_grid,
    "experiments/contributing.py": OTHERS.test_what_a_manifest_says_was_trained,
    "experiments/kept.py": RECORDS.test_finished_pieces,
    "experiments/report/foreign.py": OTHERS.test_runs,
    "experiments/report/metric_rows.py": OTHERS.test_runs,
    "experiments/report/pictures.py": OTHERS.test_runs,
    "experiments/verify/recordings.py": RECORDS.test_trainings_that_were_written_down_are_looked_at,
    "safety/interruption/human_log.py": RECORDS.test_logs_of_people,
    "safety/recording_files.py": RECORDS.test_recordings,
    "safety/threat_model.py": OTHERS.test_threat_files,
    "safety/updates/recording.py": RECORDS.test_recordings,
    "src/rallypoint/array_files.py": RECORDS.test_finished_pieces,
    "src/rallypoint/plain_json.py": OTHERS.test_runs,
    "src/rallypoint/seals.py": OTHERS.test_runs,
    "src/rallypoint/summary.py": OTHERS.test_runs,
    "src/rallypoint/takeover.py": RECORDS.test_a_folder_is_taken_over_and_nothing_beside_it,
}
UNBROKEN = {  # by module: why it is not here
    "agents/rounds/probe.py": "reads our own source",
    "experiments/report/command.py": "looks for our sign at the start of a page",
    "experiments/verify/training.py": "compares bits; a file that cannot be read has others",
    "src/rallypoint/files.py": "tells of a lock what its first line says, whatever it is",
    "src/rallypoint/manifest.py": "asks the kernel for the name of a CPU",
}
READS = {
    *("read_bytes", "read_text", "read_json", "read_arrays", "safe_open", "load_file"),
    *("ZipFile", "fromfile", "loadtxt", "memmap"),
}
OF_MODULES = {"np.load", "numpy.load", "torch.load", "Image.open"}
_TO_READ = {None, "r", "rb", "rt", "r+"}


def readers():
    """Yield every module of the package that opens a file to read it."""
    for path in python_files():
        if path.startswith(("tests/", "benchmarks/")):
            continue
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        if any(_reads(node) for node in ast.walk(tree) if isinstance(node, ast.Call)):
            yield path


def _reads(call):
    name = ast.unparse(call.func)
    last = name.rpartition(".")[2]
    if last in READS or name in OF_MODULES:
        return True
    if last != "open":
        return False
    # Paths and members of archives are told a mode or an encoding; ours that open rows are not.
    modes = {arg.value for arg in call.args if isinstance(arg, ast.Constant)}
    return bool(modes & _TO_READ) or (not call.args and bool(call.keywords))


def test_every_reader_has_a_test_that_breaks_its_files_or_a_reason():
    found = set(readers())
    assert found == {*BREAKS, *UNBROKEN}, found ^ {*BREAKS, *UNBROKEN}
    assert not {*BREAKS} & {*UNBROKEN}
    assert all(callable(test) for test in BREAKS.values())
