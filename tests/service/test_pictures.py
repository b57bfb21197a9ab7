"""Thumbnails are kept beside the index, where there is room."""

from pathlib import Path

from searchindex.collection import CollectionConfig
from searchindex.points import PointId
from searchindex.ports import Point
from searchindex.stores.edge import EdgeStore
from service.pictures import Pictures
from tests.fakes import DIM, unit
from tests.pictures import folder_of
from tests.small_disk import small_disk


async def test_a_full_disk_costs_the_copy_and_not_the_answer(tmp_path: Path):
    """Nothing half written is kept, or is in the way of what else is written there; with room the copy is kept."""
    folder_of(tmp_path / "pictures", 1)
    (name,) = (path.relative_to(tmp_path / "pictures").as_posix() for path in (tmp_path / "pictures").rglob("*.png"))
    store = EdgeStore(tmp_path / "store")
    await store.create(CollectionConfig(name="x", dim=DIM, fingerprint="f"))
    await store.upsert([Point(PointId(1), unit("x"), {"file_path": name, "content_hash": "abc"})])
    (tmp_path / "disk").mkdir()
    with small_disk(tmp_path / "disk", size=2**20) as disk:
        pictures = Pictures(store, root=tmp_path / "pictures", cache=disk.path / "thumbnails")
        disk.fill()
        shown = await pictures.thumbnail(PointId(1), size=64)
        assert [each.name for each in disk.path.rglob("*") if each.is_file()] == ["filler"]
        disk.free()
        assert await pictures.thumbnail(PointId(1), size=64) == shown
        assert [each.name for each in (disk.path / "thumbnails").iterdir()] == ["abc-64.webp"]
    await store.close()
