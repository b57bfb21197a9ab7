"""What a made-up picture is in a collection: the fields that a real one has, spread over eight categories."""

from datetime import UTC, datetime

from jobs.simulation.vectors import Rows, Simulation
from searchindex.points import ContentHash, ImagePayload, point_id
from searchindex.ports import Point

CATEGORIES = ("animals", "architecture", "art", "food", "landscape", "people", "sports", "vehicles")
SIZES = ((640, 480), (1280, 960), (1920, 1080), (4000, 3000))  # pixels
BEGAN = datetime(2020, 1, 1, tzinfo=UTC)


def path_of(number: int) -> str:
    return f"simulated/{_category(number)}/{number:08}.jpg"


def points(simulation: Simulation, first: int, count: int) -> list[Point]:
    """Those of the numbers from `first` on; the same in every run."""
    rows = simulation.rows(first, count)
    return [_point(number, row) for number, row in enumerate(rows, first)]


def _category(number: int) -> str:
    """Independent of what the vector is, as a filter in use is of a query."""
    return CATEGORIES[number * 2_654_435_761 % 2**32 // 2**29]


def _point(number: int, row: Rows) -> Point:
    path, (width, height) = path_of(number), SIZES[number % len(SIZES)]
    payload = ImagePayload(
        file_path=path,
        file_name=path.rpartition("/")[2],
        s3_key=None,
        width=width,
        height=height,
        category=_category(number),
        content_hash=ContentHash(f"{number:032x}"),
        mtime=number,
        size=100_000 + number,
        format="JPEG",
        indexed_at=BEGAN.isoformat(timespec="seconds"),
    )
    return Point(point_id(path), row, payload.as_payload())
