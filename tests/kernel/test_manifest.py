"""What a manifest says of the checkout."""

import subprocess

import pytest

from rallypoint import manifest


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(manifest, "__file__", str(tmp_path / "src/rallypoint/manifest.py"))
    return tmp_path


def git(folder, *words):
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_an_installed_package_has_no_commit(checkout):
    assert manifest.commit() is None


def test_a_checkout_has_its_commit_and_says_if_files_differ(checkout):
    git(checkout, "init")
    assert manifest.commit() is None
    git(checkout, "commit", "--allow-empty", "-m", "first")
    head = git(checkout, "rev-parse", "HEAD")
    assert manifest.commit() == {"id": head, "modified": False}
    (checkout / "new.py").write_text("")
    assert manifest.commit() == {"id": head, "modified": True}


def test_without_git_there_is_no_commit(checkout, monkeypatch):
    git(checkout, "init")
    monkeypatch.setenv("PATH", "")
    assert manifest.commit() is None


def test_the_machine_is_told_with_its_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    told = manifest.machine()
    assert told["threads"]["OMP_NUM_THREADS"] == "3"
    assert told["cpu"]
    assert told["cores"] >= told["usable_cores"] >= 1
