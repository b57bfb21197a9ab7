"""The command line of a load run, and the command that it says it was."""

from pathlib import Path

import pytest

from e2e.load.options import Options, parse


def told(options: Options) -> dict[str, str]:
    return options.environment(summary=Path("s.json"), page=Path("p.html"))


def test_numbers_are_the_scripts_own_unless_given():
    """A script's rate and length hold where nothing is said."""
    assert "LOAD_RATE" not in told(parse(["search"], {}))
    given = told(parse(["search", "--rate", "12.5", "--seconds", "30"], {}))
    assert (given["LOAD_RATE"], given["LOAD_SECONDS"]) == ("12.5", "30")


def test_the_key_is_told_and_never_shown():
    """Neither the command that is kept nor its result holds it, wherever it came from."""
    options = parse(["smoke", "--host", "search.example"], {"LOAD_API_KEY": "sesame"})
    assert told(options)["LOAD_API_KEY"] == "sesame"
    assert options.command() == "python -m e2e.load smoke --target http://127.0.0.1:8000 --host search.example"


def test_the_command_repeats_the_run():
    """What it prints is read back as the same."""
    options = parse(["spike", "--target", "http://127.0.0.1:8081", "--rate", "40", "--expect", "nothing", "--keep", "x"], {})
    assert parse(options.command().split()[3:], {}) == options


@pytest.mark.parametrize("wrong", [["smoke", "--rate", "0"], ["smoke", "--seconds", "nan"], ["smoke", "--target", "here:80"], ["nothing"]])
def test_what_makes_no_sense_is_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]):
    """With a sentence, before anything is asked."""
    with pytest.raises(SystemExit) as ended:
        parse(wrong, {})
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err
