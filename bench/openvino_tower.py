"""OpenVINO on a graph of the product, for `bench.benchmarks.peers`, in the environment of `make bench-peers`.

`python -m bench.openvino_tower GRAPH EXPECTED CARD SHAPES`: a sample for each line that is read. What is imported here needs no
package but numpy.
"""

import json
import sys
from pathlib import Path

import openvino

from bench.tower_shapes import THREADS, read_shapes, resident
from bench.tower_vectors import read_expected, timed
from searchindex.catalogue import find_card


def main(graph: str, expected: str, card_name: str, names: str) -> None:
    card, found, kept = find_card(card_name), read_shapes(names), read_expected(Path(expected))
    settings = {"INFERENCE_NUM_THREADS": THREADS, "PERFORMANCE_HINT": "LATENCY"}
    request = openvino.Core().compile_model(graph, "CPU", settings).create_infer_request()
    for _ in sys.stdin:
        sample = timed(lambda ids: request.infer({"input_ids": ids})[0], card, found, kept)
        print(json.dumps({**sample, "resident": [resident()]}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
