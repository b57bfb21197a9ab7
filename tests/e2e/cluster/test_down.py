"""Taking down: what is still mounted, and in which order it goes."""

from pathlib import Path

from e2e.cluster.down import in_pods, mounted

TABLE = """\
overlay /state/run/a overlay rw 0 0
tmpfs /state/kubelet/pods/1 tmpfs rw 0 0
tmpfs /state/kubelet/pods/1/volumes/token tmpfs rw 0 0
tmpfs /state-of-another/kubelet tmpfs rw 0 0
tmpfs /state/with\\040space tmpfs rw 0 0
proc /proc proc rw 0 0
"""


def test_only_ours_the_innermost_first() -> None:
    """A mount cannot go before those in it; a folder with a longer name is another's."""
    found = mounted(TABLE, under=Path("/state"))
    assert found == ["/state/with space", "/state/run/a", "/state/kubelet/pods/1/volumes/token", "/state/kubelet/pods/1"]


def test_what_runs_in_pods_is_found_in_both_kinds_of_cgroups(tmp_path: Path) -> None:
    """One hierarchy, or one for each controller; and nothing outside the pods."""
    for folder, pids in {"kubepods/besteffort/pod1": "3\n4\n", "memory/kubepods/pod2": "4\n7\n", "memory/system": "9\n"}.items():
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "cgroup.procs").write_text(pids)
    assert in_pods(tmp_path) == [3, 4, 7]
