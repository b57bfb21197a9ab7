"""Collections as a Qdrant server describes them, also those that other programs made in other ways."""

from typing import Any

from controller import store_wire as wire
from controller.actions import ChangeSettings
from controller.observed import BuildThreads, Owner
from tests.controller.suite.test_collection_store import OWNER, SETTINGS, wanted


def info(**changes: Any) -> dict[str, Any]:
    """The result of GET /collections/{name}, as 1.16.3 gives it."""
    config = {
        "params": {"vectors": {"size": 4, "distance": "Cosine"}, "shard_number": 1, "replication_factor": 1},
        "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000},
        "quantization_config": None,
    }
    counts = {"points_count": 7, "indexed_vectors_count": 5, "segments_count": 2, "status": "yellow"}
    return {"config": config | changes, "payload_schema": {"tags": {"data_type": "keyword", "points": 7}}} | counts


def test_a_collection_of_nobody() -> None:
    """Without metadata and without quantisation: nothing is made up."""
    there = wire.collection("x", info())
    assert (there.owner, there.fingerprint) == (Owner(), "")
    assert (there.settings.quantile, there.settings.always_ram) == (None, False)
    assert (there.points, there.indexed, there.segments, there.status, there.on_disk) == (7, 5, 2, "yellow", False)
    assert there.settings.schema == {"tags": "keyword"}


def test_named_vectors_have_no_dimension_of_their_own() -> None:
    """Such a collection fits no model, and is seen to."""
    for vectors in ({"image": {"size": 4, "distance": "Dot"}}, {"size": {"size": 4, "distance": "Dot"}}, {}, None):
        there = wire.collection("x", info(params={"vectors": vectors, "shard_number": 1}))
        assert (there.dim, there.distance, there.settings.replication_factor) == (0, "", 1)


def test_another_quantisation_is_not_ours() -> None:
    """It differs from what is wanted, whatever is wanted."""
    there = wire.collection("x", info(quantization_config={"product": {"compression": "x4", "always_ram": True}}))
    assert (there.settings.quantile, there.settings.always_ram) == (None, False)


def test_threads_as_people_write_them() -> None:
    """Numbers count; whatever else stands there means as many as the store likes."""
    for noted in ({}, {"indexing": -1, "optimization": "auto"}, {"indexing": True, "optimization": [1]}):
        there = wire.collection("x", info(metadata={"build_threads": noted}, optimizer_config={"max_optimization_threads": "auto"}))
        assert (there.threads, there.threads_after) == (BuildThreads(), BuildThreads())
    assert wire.collection("x", info(metadata={"build_threads": 7})).threads_after is None


def test_metadata_of_other_shapes_is_passed_over() -> None:
    """Anybody may write there."""
    for said in ({"index": "x", "fingerprint": 7, "owner": ["x"]}, {"index": {"revision": "three", "uid": None}}):
        there = wire.collection("x", info(metadata=said))
        assert (there.owner.revision, there.fingerprint, there.owner.program) == (0, "", "")


def test_a_new_collection_says_whose_it_is() -> None:
    """What is written at creation is what is read afterwards, in one request."""
    body = wire.create_body(wanted("x", fingerprint="0123456789abcdef"))
    read = wire.collection("x", info(**{key: body[key] for key in ("metadata", "hnsw_config", "quantization_config")}))
    assert (read.owner, read.fingerprint, read.settings.quantile) == (OWNER, "0123456789abcdef", 0.98)


def test_only_what_differs_is_sent() -> None:
    """A change of the graph rebuilds the graph and nothing else."""
    assert set(wire.change_body(ChangeSettings(name="x", settings=SETTINGS, hnsw=True))) == {"hnsw_config"}
    assert wire.change_body(ChangeSettings(name="x", settings=SETTINGS)) == {}
    assert wire.stamp_body("x", OWNER)["metadata"].keys() == {"owner", "name", "index"}
