"""How it is told that a disk has no room, whoever says so: the file system with a number, an engine with words."""

import errno

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})  # the disk, a quota, the largest file that may be
WORDS = ("No space left", "os error 28", "StorageFull", "Disk quota exceeded")


def says_full(said: BaseException | str) -> bool:
    return getattr(said, "errno", None) in FULL or any(word in str(said) for word in WORDS)
