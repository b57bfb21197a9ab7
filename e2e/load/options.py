"""What a load run is asked for on its command line, as a value."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SCRIPTS = {script.stem: script for script in sorted(HERE.glob("*.js"))}
EXPECTATIONS = ("samples", "nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`rate` in searches a second and `seconds` of it are the script's own where they are None; `api_key` is never shown."""

    name: str
    target: str
    host: str
    api_key: str
    rate: float | None
    seconds: float | None
    expect: str
    keep: str

    def environment(self, *, summary: Path, page: Path) -> dict[str, str]:
        """What the scripts read (lib/settings.js)."""
        told: dict[str, object] = {
            "TARGET": self.target,
            "HOST": self.host,
            "API_KEY": self.api_key,
            "EXPECT": self.expect,
            "SUMMARY": summary,
            "PAGE": page,
            "RATE": self.rate,
            "SECONDS": self.seconds,
        }
        return {
            f"LOAD_{name}": f"{value:g}" if isinstance(value, float) else str(value) for name, value in told.items() if value is not None
        }

    def command(self) -> str:
        """By which the run is repeated; the key is not in it."""
        given = {"--target": self.target, "--host": self.host, "--rate": self.rate, "--seconds": self.seconds, "--keep": self.keep}
        words = [f"{flag} {value:g}" if isinstance(value, float) else f"{flag} {value}" for flag, value in given.items() if value]
        expected = [] if self.expect == EXPECTATIONS[0] else [f"--expect {self.expect}"]
        return " ".join(["python -m e2e.load", self.name, *words, *expected])


def parse(arguments: Sequence[str], environment: dict[str, str]) -> Options:
    """SystemExit with a sentence where they make no sense. The key may come from LOAD_API_KEY, which no process list shows."""
    parser = argparse.ArgumentParser(
        prog="python -m e2e.load", description="Ask a running service at a given rate, and say what came of it."
    )
    parser.add_argument("name", choices=SCRIPTS, metavar="NAME", help=", ".join(SCRIPTS))
    parser.add_argument("--target", default="http://127.0.0.1:8000", help="the service, or an ingress (%(default)s)")
    parser.add_argument("--host", default="", help="the name by which an ingress knows the service")
    parser.add_argument("--api-key", default=environment.get("LOAD_API_KEY", ""), help="else LOAD_API_KEY; /metrics needs the scope admin")
    parser.add_argument("--rate", type=_above_0, help="searches a second; for spike the service's capacity")
    parser.add_argument("--seconds", type=_above_0, help="at that rate")
    parser.add_argument("--expect", choices=EXPECTATIONS, default=EXPECTATIONS[0], help="what is in the collection")
    parser.add_argument("--keep", default="", metavar="AS", help="write docs/results/load-AS.json and .html, in place of .build/load/NAME")
    found = parser.parse_args(arguments)
    if not found.target.startswith(("http://", "https://")):
        parser.error(f"--target is an address that begins with http:// or https://, not {found.target[:80]!r}")
    return Options(**vars(found))


def _above_0(text: str) -> float:
    if not 0 < (number := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number
