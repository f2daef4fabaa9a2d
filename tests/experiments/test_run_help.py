"""What ``rallypoint run --help`` tells."""


def test_help_shows_settings_with_their_comments_and_defaults(rallypoint):
    text = " ".join(rallypoint("run", "toy", "--help").out.split())
    assert "--throws INTEGER per seed [default: 200]" in text
    assert "--metal gold|silver" in text
    assert "--stop / --no-stop whether the run breaks off by itself [default: False]" in text
    assert "Does a biased coin show heads?" in text


def test_help_of_run_lists_the_experiments(rallypoint):
    assert "Does a biased coin show heads?" in rallypoint("run", "--help").out


def test_help_says_of_a_threat_file_what_is_taken_without_one(rallypoint):
    text = " ".join(rallypoint("run", "factorial", "--help").out.split())
    assert "--threats FILE.toml what goes wrong; empty: one of ours" in text
