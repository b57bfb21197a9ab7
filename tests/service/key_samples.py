"""Keys, their file, and a clock that tests turn; fixtures to import."""

from pathlib import Path

import pytest

from service.key_file import ApiKeys, KeyScope, new_key

SEARCHER, SEARCHER_LINE = new_key("web", [KeyScope.SEARCH])
OPERATOR, OPERATOR_LINE = new_key("ops", [KeyScope.ADMIN])
STRANGER, STRANGER_LINE = new_key("web", [KeyScope.SEARCH, KeyScope.ADMIN])


class Clock:
    """Seconds that pass when the test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text(f"# who: what\n\n{SEARCHER_LINE}\n{OPERATOR_LINE}\n")
    return path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(file: Path, clock: Clock) -> ApiKeys:
    return ApiKeys(file, clock=clock)


@pytest.fixture(scope="module")
def lasting_keys(tmp_path_factory: pytest.TempPathFactory) -> ApiKeys:
    path = tmp_path_factory.mktemp("keys") / "keys"
    path.write_text(f"{SEARCHER_LINE}\n{OPERATOR_LINE}")
    return ApiKeys(path)
