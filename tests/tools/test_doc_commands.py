"""What documents tell people to type works: every block of commands says who runs it, and those that need nothing are run here."""

from pathlib import Path

import pytest

from tools.doc_commands import Block, How, blocks, checkout, documented, of, run

FOUND = documented()
RUN = sorted({block.page for block in FOUND if block.how == How.RUN})
PAGE = """\
```sh run
echo one
```
```json
{}
```
```console not-run: needs a GPU
$ nvidia-smi
Driver 1
$ echo two
```
```sh
echo three
```
"""


def test_blocks_are_found_with_what_their_fence_says():
    """Languages that are no commands are passed over; of a console, only what a person types is a command."""
    assert list(blocks("a.md", PAGE)) == [
        Block("a.md", 1, "run", "", "echo one\n"),
        Block("a.md", 7, "not-run:", "needs a GPU", "nvidia-smi\necho two"),
        Block("a.md", 12, "", "", "echo three\n"),
    ]


@pytest.mark.parametrize(
    ("how", "said", "commands", "problem"),
    [
        ("run", "", "ls", ""),
        ("", "", "ls", "says not how"),
        ("sometimes", "", "ls", "says not how"),
        ("not-run:", "", "ls", "says not why"),
        ("by", "tests/nothing.py", "ls", "is not there"),
        ("by", "tests/tools/test_doc_commands.py", "ls", ""),
        ("run", "", "\n", "has no command"),
    ],
)
def test_a_fence_that_says_too_little_is_a_problem(how: str, said: str, commands: str, problem: str):
    """A block cannot be forgotten: `make check` fails on it."""
    found = Block("a.md", 1, how, said, commands).problem
    assert bool(found) == bool(problem)
    assert problem in found


def test_a_command_that_fails_fails_its_page(tmp_path: Path):
    """Whatever comes after it, and in the middle of a pipe too."""
    page = [Block("a.md", 1, "run", "", "false | cat\necho after"), Block("b.md", 1, "run", "", "echo other")]
    done = run(of("a.md", How.RUN, page), at=checkout(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", RUN)
def test_the_commands_of_a_page_work(page: str, tmp_path: Path):
    """In the order of the page, in one folder."""
    done = run(of(page, How.RUN, FOUND), at=checkout(tmp_path))
    assert done.returncode == 0, done.stdout[-2000:]
