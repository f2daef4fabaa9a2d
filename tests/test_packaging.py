"""One namespace over four folders, from a checkout, from a wheel and inside Ray."""

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.tree import FOLDERS, ROOT, python

REPORT = """
import atexit, sys, time
atexit.register(lambda: print(time.process_time(), *{"torch", "ray"} & set(sys.modules)))
"""
IMPORT_ALL = "".join(f"import rallypoint.{folder}\n" for folder in FOLDERS)
LIST = "from rallypoint.experiments.cli import main; main(['list'])"
IN_A_RAY_TASK = f"""
import ray

@ray.remote
def says(folder):
    import rallypoint
    try:
        __import__(folder)
    except ImportError as error:
        return str(error)

ray.init(
    address="local",  # whatever else runs on this machine
    num_cpus=1,
    include_dashboard=False,
    log_to_driver=False,
    runtime_env={{"working_dir": {str(ROOT)!r}, "excludes": [".git", ".venv", "runs"]}},
)
print(*ray.get([says.remote(folder) for folder in {FOLDERS}]), sep="\\n")
"""


def test_the_folders_have_one_name():
    python("-c", f"{IMPORT_ALL}import sys\nassert not set({FOLDERS}) & set(sys.modules)")


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_second_name_is_refused(folder):
    script = f"try: import {folder}\nexcept ImportError as error: print(error)"
    assert python("-c", script).startswith(f"import rallypoint.{folder}, not {folder}")


def test_a_second_name_is_refused_in_a_ray_task_that_runs_in_the_checkout(tmp_path):
    script = tmp_path / "task.py"
    script.write_text(IN_A_RAY_TASK)
    said = python(str(script), RAY_USAGE_STATS_ENABLED="0").splitlines()
    assert [line.split(",")[0] for line in said] == [f"import rallypoint.{f}" for f in FOLDERS]


@pytest.mark.parametrize(
    "start",
    ["import rallypoint", "from rallypoint.experiments.cli import main; main(['--help'])"],
    ids=["import", "help"],
)
def test_starting_is_quick_and_loads_neither_torch_nor_ray(start):
    reports = [python("-c", REPORT + start).splitlines()[-1].split() for _ in range(3)]
    assert not reports[0][1:], "loaded on the way"
    assert min(float(seconds) for seconds, *_ in reports) < 0.5


@pytest.mark.parametrize("link", ["absent", "text"], ids=["no link", "git's text file"])
def test_a_checkout_without_links_works(link, tmp_path):
    kernel = tmp_path / "src/rallypoint"
    shutil.copytree(ROOT / "src/rallypoint", kernel, ignore=lambda *_: FOLDERS)
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tmp_path / folder)
        if link == "text":
            (kernel / folder).write_text(f"../../{folder}")
    script = f"{IMPORT_ALL}print(rallypoint.__file__)\n"
    assert python("-c", script, cwd=kernel.parent, PYTHONPATH=str(kernel.parent)).strip() == str(
        kernel / "__init__.py"
    )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """Build the wheel, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    python("-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    return next(folder.glob("*.whl"))


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="compares with what git knows")
def test_the_wheel_holds_what_git_holds(wheel):
    wanted = set()
    for folder in (*FOLDERS, "src/rallypoint"):
        # New files count, ignored ones do not: as hatchling has it.
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        for path in filter(None, listed.stdout.split("\0")):
            if (ROOT / path).is_file():  # neither a link nor deleted
                wanted.add(f"rallypoint/{path}".replace("rallypoint/src/rallypoint", "rallypoint"))
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in held if ".dist-info/" not in name} == wanted


def test_the_wheel_works_elsewhere(wheel, tmp_path):
    site = tmp_path / "site"
    python("-m", "pip", "install", "-q", "--no-deps", f"--target={site}", str(wheel))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    where = python(
        "-c", f"{IMPORT_ALL}print(rallypoint.__path__)", cwd=elsewhere, PYTHONPATH=str(site)
    )
    assert where.strip() == str([str(site / "rallypoint")])
    assert "gathering-v0" in python("-m", "rallypoint", "list", cwd=elsewhere, PYTHONPATH=str(site))
