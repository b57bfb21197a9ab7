"""How it is told that a disk or the memory has no room, whoever says so: the system with a number, an engine with words."""

import errno

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})  # the disk, a quota, the largest file that may be
WORDS = ("No space left", "os error 28", "StorageFull", "Disk quota exceeded")

NO_MEMORY = ("bad_alloc", "not enough memory", "t allocate memory", "annot allocate memory", "out of memory")
MORE_MEMORY = "Give the process more memory, or name a smaller model."


def says_full(said: BaseException | str) -> bool:
    return getattr(said, "errno", None) in FULL or any(word in str(said) for word in WORDS)


def says_no_memory(said: BaseException | str) -> bool:
    return isinstance(said, MemoryError) or getattr(said, "errno", None) == errno.ENOMEM or any(word in str(said) for word in NO_MEMORY)
