"""How many threads build a collection: few while another one is searched, as before once this one is. Pure.

Building a graph takes every core there is, and searches wait for it. What the threads were is noted in the collection when they are
held down, so that nothing is put back which was never held down: the threads of any other collection are the store's, or a person's.
"""

from controller.actions import SetThreads
from controller.observed import BuildThreads, Collection


def held_down(most: int) -> BuildThreads | None:
    """`most`: `rollout.buildThreads`; None where that is 0, which holds nothing down."""
    return BuildThreads(indexing=most, optimization=most) if most else None


def usual(collection: Collection) -> BuildThreads:
    """Its threads when it is searched."""
    return collection.threads_after or collection.threads


def threads_change(collection: Collection, *, beside: Collection | None, most: int) -> SetThreads | None:
    """`beside`: the collection that is searched while this one is built. None where nothing differs."""
    held = held_down(most)
    if beside is not None and held is not None:
        after = collection.threads_after or usual(beside)
        wanted = SetThreads(name=collection.name, threads=held, after=after)
    else:
        wanted = SetThreads(name=collection.name, threads=usual(collection))
    return None if (collection.threads, collection.threads_after) == (wanted.threads, wanted.after) else wanted
