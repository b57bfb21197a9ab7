"""`python -m e2e.load.samples`: every load run over the sample pictures on the cluster, through its ingress.

The release is that of the product's tests: the small model, one pod of the API, Qdrant, Redis, and an API key that is asked for.
"""

import argparse
import sys
from collections.abc import Sequence

from e2e.kubernetes.kubectl import variables_of, with_definition
from e2e.kubernetes.release import released
from e2e.kubernetes.samples import search_index
from e2e.load.asking import ask
from e2e.load.options import SCRIPTS


def main(arguments: Sequence[str]) -> int:
    """0 once every script was run, whether or not its promise was kept: the files say."""
    parser = argparse.ArgumentParser(prog="e2e.load.samples", description="The sample pictures on the cluster, under load.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(SCRIPTS)}; all by default")
    parser.add_argument("--keep", action="store_true", help="write docs/results/load-NAME.json and .html")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(SCRIPTS):
        parser.error(f"there is no {', '.join(sorted(unknown))}: {', '.join(SCRIPTS)}")
    with released(with_definition(variables_of("e2e.target"))) as release:
        release.install()
        release.kubectl.apply(search_index(release.store))
        release.wait_for_index()
        release.wait_for_answers()
        for name in asked.names or SCRIPTS:
            ask(release, name, keep=name if asked.keep else "")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
