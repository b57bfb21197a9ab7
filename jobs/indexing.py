"""One run as a value: everything that the pipeline needs, handed over by a composition root."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from jobs.decoding import Decode, decode_here
from jobs.journal import Journal, NoJournal
from jobs.ledger import Ledger
from jobs.limits import NO_LIMITS, Limits
from jobs.listing import EVERYTHING, Scope
from jobs.patience import NONE, Patience
from jobs.sidecar import Annotation
from jobs.sources import ALL, Selection, Sources
from jobs.steps import UNFOLLOWED, Steps
from jobs.stop import Stop
from searchindex.catalogue import ImageCard
from searchindex.ports import ImageEncoder, VectorStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexing:
    """`encoder` must be the one that the collection was built with; `card` says how it wants its pictures.

    `annotations` by URI. `workers`: threads that read and decode. `optimize`: whether the run ends by building the index, and
    waits for it; where several shards write to one collection that is for whoever started them. `place`: whether the collection
    is to say where pictures were taken. `progress` is called after each batch, with the number of pictures listed.
    """

    sources: Sources
    store: VectorStore
    encoder: ImageEncoder
    card: ImageCard
    annotations: Mapping[str, Annotation]
    batch_size: int = 64
    workers: int = 4
    scope: Scope = EVERYTHING
    selection: Selection = ALL
    limits: Limits = NO_LIMITS
    decode: Decode = decode_here
    journal: Journal = field(default_factory=NoJournal)
    patience: Patience = NONE
    stop: Stop = field(default_factory=Stop)
    steps: Steps = UNFOLLOWED
    optimize: bool = True
    place: bool = False
    progress: Callable[[Ledger, int], None] = lambda _ledger, _total: None
