"""The samples as one folder: what an index can be made of on a machine with nothing else."""

from pathlib import Path

from searchindex.catalogue import find_card
from searchindex.models import find_model
from tools.bundle_samples import bundle

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def test_the_model_is_found_by_its_name_and_needs_no_package(tmp_path: Path) -> None:
    """Its fingerprint stays the same, so that an index made with the one can be searched with the other."""
    bundle(SAMPLES, tmp_path / "samples")
    model = find_model(find_card("ResNet10-MiniLM/pictograms"), tmp_path / "samples" / "models")
    files = (model.text.graph, model.text.tokenizer, model.text.weights, model.image.graph)
    assert all(model.path(file).is_relative_to(tmp_path) for file in files if file)
    assert (tmp_path / "samples" / "pictures" / "metadata.jsonl").exists()  # where an index over the pictures looks for it
    assert sum(1 for _ in (tmp_path / "samples" / "pictures").rglob("*.png")) == sum(1 for _ in (SAMPLES / "pictures").rglob("*.png"))
