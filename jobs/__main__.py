"""`python -m jobs COMMAND`: settings from the environment or from flags of the same names, an exit status to act on."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from jobs import fetch, index_program
from jobs.benchmark import program as benchmark
from jobs.benchmark.settings import BenchmarkSettings
from jobs.settings import JobSettings
from jobs.shared_settings import PrepareSettings
from jobs.simulation import program as simulation
from jobs.simulation.settings import SimulationSettings
from jobs.telemetry import set_up_logs
from jobs.verification import program as verification
from jobs.verification.settings import VerificationSettings
from searchindex import __version__

SHARD = "I/N: the first of two is 0/2; the same as --shard-index and --shard-count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`run` takes what was given on the command line and returns the exit status. `sharded`: whether it takes `--shard`.

    `prefix`: of its own settings. As variables they are among all others of a pod; a flag stands beside its command and needs none.
    """

    settings: type[BaseSettings]
    run: Callable[[dict[str, Any]], int]
    about: str
    sharded: bool = False
    prefix: str = ""

    def flag(self, setting: str) -> str:
        return f"--{setting.removeprefix(self.prefix).replace('_', '-')}"


COMMANDS: Mapping[str, Command] = {
    "index": Command(settings=JobSettings, run=index_program.run, about="index one shard of a source into Qdrant", sharded=True),
    "verify": Command(
        settings=VerificationSettings,
        run=verification.run,
        about="compare source, collection and ledger, both ways",
        sharded=True,
        prefix="verify_",
    ),
    "prepare": Command(settings=PrepareSettings, run=fetch.run, about="put a prepared model into a folder, from the source its card names"),
    "simulate": Command(
        settings=SimulationSettings, run=simulation.run, about="fill a collection with made-up vectors", prefix="simulate_"
    ),
    "benchmark": Command(settings=BenchmarkSettings, run=benchmark.run, about="measure searches: latency and recall", prefix="benchmark_"),
}


def main(argv: Sequence[str] | None = None) -> int:
    given = vars(_parser().parse_args(argv))
    return COMMANDS[given.pop("command")].run(given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m jobs", description="Offline work on an index.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, dest="command", metavar="|".join(COMMANDS))
    for name, command in COMMANDS.items():
        flags = commands.add_parser(name, help=command.about, argument_default=argparse.SUPPRESS)
        _add_flags(flags, command)
    return parser


def _add_flags(flags: argparse.ArgumentParser, command: Command) -> None:
    """One for each setting; only what is given is taken from here, the rest comes from the environment."""
    for name, field in command.settings.model_fields.items():
        if SecretStr in get_args(field.annotation) or name == "job_completion_index":
            continue  # a key on a command line is seen by every process; the index is Kubernetes' to set
        about = (field.description or "").replace("%", "%%")
        flag, switch = command.flag(name), field.annotation is bool and field.default is False
        if switch:
            flags.add_argument(flag, dest=name, help=about, nargs="?", const="true")
        else:
            flags.add_argument(flag, dest=name, help=about)
    if command.sharded:
        flags.add_argument("--shard", help=SHARD)


if __name__ == "__main__":
    set_up_logs()
    sys.exit(main())
