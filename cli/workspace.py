"""Where things lie on this machine: indexes, prepared models, samples."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import searchindex
from searchindex.catalogue import cards, find_card
from searchindex.errors import InvalidInput, ModelUnavailable, NotFound, shorten
from searchindex.models import PreparedModel, find_model, read_model

MAX_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRecord:
    """What was indexed and how; kept as `index.json` beside the data. `root` and `model` are folders."""

    name: str
    root: str
    model: str


@dataclass(frozen=True, slots=True)
class Workspace:
    """`home`: SEARCHINDEX_HOME, else the XDG data folder."""

    home: Path

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def thumbnails(self) -> Path:
        return self.home / "thumbnails"

    def index_folder(self, name: str) -> Path:
        """InvalidInput on a name that is no plain folder name."""
        if not name or name.startswith(".") or any(not (char.isalnum() or char in "-_.") for char in name) or len(name) > MAX_NAME:
            raise InvalidInput(f'"{shorten(name, 60)}" is not a name for an index.', hint="Use letters, digits, - and _.")
        return self.home / "indexes" / name

    def names(self) -> list[str]:
        return sorted(path.parent.name for path in self.home.glob("indexes/*/index.json"))

    def read(self, name: str) -> IndexRecord:
        """NotFound names the indexes that there are."""
        path = self.index_folder(name) / "index.json"
        try:
            return IndexRecord(**json.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            known = ", ".join(self.names())
            hint = f"There are: {known}." if known else "Make one: searchindex index DIR."
            raise NotFound(f'There is no index "{name}".', hint=hint) from None
        except (ValueError, TypeError):
            raise InvalidInput(f"{path} cannot be read.", hint="Remove its folder and index again.") from None

    def write(self, record: IndexRecord) -> None:
        folder = self.index_folder(record.name)
        folder.mkdir(parents=True, exist_ok=True)
        staged = folder / ".index.json.part"
        staged.write_text(json.dumps(asdict(record), indent=2) + "\n", "utf-8")
        staged.replace(folder / "index.json")


def default_workspace() -> Workspace:
    home = os.environ.get("SEARCHINDEX_HOME")
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Workspace(Path(home) if home else Path(data) / "searchindex")


def samples() -> Path:
    """The folder of sample pictures and of the small model: inside the installed package, or beside it in a checkout."""
    package = Path(searchindex.__file__).parent
    for folder in (package / "samples", package.parent / "samples"):
        if (folder / "model" / "model.json").is_file():
            return folder
    raise ModelUnavailable("The sample pictures and the small model are missing.", hint="They come with the repository and with the wheel.")


def sample_model() -> PreparedModel:
    return read_model(samples() / "model")


def choose_model(name: str | None, workspace: Workspace) -> PreparedModel:
    """The model of that name, prepared; the small one where none is named."""
    small = sample_model()
    if name is None or find_card(name) == small.card:
        return small
    return find_model(find_card(name), workspace.models)


def prepared(workspace: Workspace) -> dict[str, bool]:
    """Every model that can be named, and whether it is ready on this machine."""
    small = sample_model().card.name
    return {name: name == small or (workspace.models / card.slug / "model.json").is_file() for name, card in cards().items()}
