"""``rallypoint verify``: a run that was left alone verifies, and whatever was changed is found."""

from pathlib import Path

import pytest

from tests.experiments.verify.forging import edited, heads_of, measured, states


def test_a_run_that_was_left_alone_is_the_same_in_everything(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    found = states(rallypoint, "run")
    assert set(found) == {
        *("manifest", "files", "command", "settings", "seeds", "verdicts"),
        *("rows", "claims", "metrics", "receipts", "plots"),
    }
    assert set(found.values()) == {"same"}


def all_seeds_but_one(content):
    content["seeds"] = content["seeds"][:-1]


FORGED = {
    "a number of a row": ("metrics.jsonl", heads_of(3, 0.95), "rows"),
    "a seed's rows": ("metrics.jsonl", lambda row: row["seed"] != 4, "seeds"),
    "what a claim measured": ("summary.json", measured, "claims"),
    "a verdict": (
        "summary.json",
        lambda c: c["claims"][1].update(verdict="holds", holds=True),
        "verdicts",
    ),
    "the seeds of the summary": ("summary.json", all_seeds_but_one, "settings"),
    "a setting of the summary": ("summary.json", lambda c: c["config"].update(bias=1), "settings"),
    "a metric": ("summary.json", lambda c: c["metrics"].update(sides=[1]), "metrics"),
    "a receipt": (
        "receipts.json",
        lambda c: c["receipts"]["T1/heads"][0].update(throws=7),
        "receipts",
    ),
}


@pytest.mark.parametrize(("file", "change", "where"), FORGED.values(), ids=FORGED)
def test_what_was_edited_is_found_even_if_the_folder_was_sealed_anew(
    file, change, where, rallypoint
):
    rallypoint("run", "toy", "--out", "run")
    edited(f"run/{file}", change)
    assert states(rallypoint, "run", status=1)[where] == "differs"


def test_a_plot_that_was_exchanged_and_sealed_anew_is_found(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    Path("run/plots/heads.txt").write_text("tails\n")
    edited("run/summary.json", lambda content: None)
    assert states(rallypoint, "run", status=1)["plots"] == "differs"
    edited("run/manifest.json", lambda c: c["versions"].update(numpy="0.1"))
    assert states(rallypoint, "run")["plots"] == "not checked"


def test_other_threads_are_named_where_bits_differ(rallypoint, monkeypatch):
    """Last digits are of so many threads; Ray's actors have one each where nothing is said."""
    rallypoint("run", "toy", "--out", "run")
    Path("run/plots/heads.txt").write_text("tails\n")
    edited("run/manifest.json", lambda c: c["machine"].update(threads={}, usable_cores=6))
    edited("run/summary.json", lambda content: None)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "3")
    assert "it was made with threads 6, here 3" in rallypoint("verify", "run").err
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "6")
    assert "made with" not in rallypoint("verify", "run").err
    for cpus, threads in ((0.5, 1), (2.5, 2), (10**400, 10**400)):
        told = {"placement": {"cpus": cpus}}
        edited("run/manifest.json", lambda c, told=told: c.update(rounds=told))
        assert f"it was made with threads {threads}, here 6" in rallypoint("verify", "run").err


def test_what_was_edited_and_not_sealed_anew_is_found_without_computing(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    edited("run/metrics.jsonl", heads_of(3, 0.95), sealed=False)
    Path("run/plots/heads.txt").unlink()
    done = rallypoint("verify", "run", "--seconds", 0)
    assert done.status == 1
    assert "metrics.jsonl was changed after the run (and 1 more)" in done.err
    assert done.err.count("\n") == 1
    assert "nothing was computed" in done.out


def test_settings_that_were_changed_everywhere_come_out_otherwise(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    for name in ("summary.json", "manifest.json"):
        edited(f"run/{name}", lambda content: content["config"].update(bias=0.91))
    assert states(rallypoint, "run", status=1)["rows"] == "differs"


def test_a_seed_alone_is_compared_with_its_own_rows(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    edited("run/metrics.jsonl", heads_of(3, 0.95))
    of_another = states(rallypoint, "run", "--seed", 1)
    assert (of_another["rows"], of_another["claims"]) == ("same", "not checked")
    assert states(rallypoint, "run", "--seed", 3, status=1)["rows"] == "differs"
    done = rallypoint("verify", "run", "--seed", 9)
    assert (done.status, "seeds 0–4, not 9" in done.err) == (1, True)


def test_numbers_may_differ_by_the_tolerance_and_no_more(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    edited("run/metrics.jsonl", lambda row: row.update(heads=row["heads"] * (1 + 1e-7)))
    assert states(rallypoint, "run", status=1)["rows"] == "differs"
    assert states(rallypoint, "run", "--tolerance", 1e-6)["rows"] == "same"


def test_of_a_run_that_broke_off_what_is_there_is_compared(rallypoint):
    rallypoint("run", "toy", "--stop", "--out", "run")
    edited(
        "run/manifest.json",
        lambda c: c["config"].update(stop=False) or c["command"].remove("--stop"),
    )
    edited("run/summary.json", lambda content: content["config"].update(stop=False))
    found = states(rallypoint, "run")
    assert (found["rows"], found["claims"], found["seeds"]) == ("same", "same", "not checked")


def test_what_is_no_run_is_refused_in_one_line(rallypoint):
    Path("empty").mkdir()
    done = rallypoint("verify", "empty")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "manifest.json" in done.err


def test_a_manifest_that_lists_files_elsewhere_reads_none_of_them(rallypoint):
    rallypoint("run", "toy", "--out", "run")
    edited("run/manifest.json", lambda c: c["digests"].update({"../secret": "0"}), sealed=False)
    assert states(rallypoint, "run", status=1)["files"] == "differs"
