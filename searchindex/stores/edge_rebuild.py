"""Building the indexes of an embedded collection beside it, while searches go on in what is there.

The engine's `optimize` holds the interpreter's lock from beginning to end. So a copy is optimised by a process of its own and
then takes the old shard's place. Needs as much free disk space as the index takes.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from searchindex.errors import StoreUnavailable, shorten
from searchindex.stores.edge_folder import Description, EdgeFolder
from searchindex.stores.edge_shard import OpenShard

PROGRAM = Path(__file__).with_name("edge_optimize.py")
CHUNK = 2**24  # bytes copied at a time


def rebuild(folder: EdgeFolder, opened: OpenShard) -> OpenShard:
    """The optimised successor of `opened`, already the current one on disk. No write may happen meanwhile; blocks for long."""
    opened.shard.flush()
    old, new = folder.path / opened.name, folder.path / folder.new_shard()
    folder.require_room(sum(file.stat().st_blocks * 512 for file in old.rglob("*")))
    try:
        shutil.copytree(old, new, copy_function=_copy_sparse)
        _optimize(new)
        successor = OpenShard.load(new, opened.config)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    folder.commit(Description(opened.config, new.name))
    return successor


def _optimize(shard: Path) -> None:
    """-P: what lies beside the program is not importable, so no module of ours can stand in for another's."""
    ended = subprocess.run([sys.executable, "-P", str(PROGRAM), str(shard)], capture_output=True, check=False)  # noqa: S603
    if ended.returncode:
        said = ended.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise StoreUnavailable(
            f"Building the index ended with status {ended.returncode}: {shorten(said)}",
            hint="The index is unchanged. Look at free memory and disk space, then try again.",
        )


def _copy_sparse(source: str, target: str) -> None:
    """The engine's log is mostly holes, 32 MiB each: copy what holds data."""
    with Path(source).open("rb") as reader, Path(target).open("wb") as writer:
        size, start = os.fstat(reader.fileno()).st_size, 0
        writer.truncate(size)
        while (found := _data_from(reader.fileno(), start)) is not None:
            start = os.lseek(reader.fileno(), found, os.SEEK_HOLE)
            for place in range(found, start, CHUNK):
                os.pwrite(writer.fileno(), os.pread(reader.fileno(), min(CHUNK, start - place), place), place)


def _data_from(descriptor: int, start: int) -> int | None:
    try:
        return os.lseek(descriptor, start, os.SEEK_DATA)
    except OSError:  # ENXIO: no data from here to the end
        return None
