"""Run as a program: build the indexes of the shard in the folder given as the only argument.

A process of its own, because the engine holds the interpreter's lock from beginning to end: no request would be answered.
"""

import os
import sys

import qdrant_edge as engine

if __name__ == "__main__":
    os.nice(5)
    shard = engine.EdgeShard.load(sys.argv[1])
    shard.optimize()
    shard.flush()
    shard.close()
