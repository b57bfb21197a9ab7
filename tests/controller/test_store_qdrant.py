"""What the store keeps of Qdrant's answers: a reading of each, for as long as it is given again."""

from typing import Any

from controller.store_qdrant import QdrantCollections
from searchindex.stores.qdrant_rest import QdrantRest
from tests.controller.test_store_wire import info


class Scripted(QdrantRest):
    """Answers what it was told, by path; nothing is asked."""

    def __init__(self) -> None:
        super().__init__("nowhere", 1)
        self.answers: dict[str, Any] = {}

    async def request(self, _method: str, path: str, *_: Any, **__: Any) -> Any:
        return self.answers.get(path)


async def test_an_answer_is_read_once_until_it_changes_or_its_collection_is_gone() -> None:
    """At rest the same reading is handed out; another answer is read; what is no longer listed is not kept for ever."""
    rest = Scripted()
    store = QdrantCollections(rest)
    rest.answers = {"/collections/x": info(), "/collections": {"collections": [{"name": "x"}]}}
    first = await store.collection("x")
    rest.answers["/collections/x"] = info()
    await store.collection_names()
    assert await store.collection("x") is first
    rest.answers["/collections/x"] = info() | {"points_count": 8}
    second = await store.collection("x")
    assert (second is not None and second.points) == 8
    rest.answers["/collections"] = {"collections": []}
    await store.collection_names()
    third = await store.collection("x")
    assert third == second
    assert third is not second
