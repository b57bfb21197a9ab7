"""Which collection is searched, which is to take over, which are of the past. Pure.

Everything follows from the store: a collection carries its owner, its revision and the hash of the spec it was built for. So a lost
status, or a crash between any two writes, changes nothing in what is decided here.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from controller.actions import Action, CreateCollection, DropCollection, PointAlias, Stamp
from controller.build_threads import held_down, usual
from controller.conditions import Reason
from controller.observed import Collection, Observed, Owner
from controller.settings_diff import wanted_settings
from searchindex.catalogue import find_card
from searchindex.errors import NotFound
from searchindex.spec import Model

PROGRAM = "searchindex"


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why no collection can be served or built; only the user can change it."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revisions:
    """`retired`: newest first, all of them kept. `actions` bring the store there, promotion aside."""

    active: Collection | None = None
    candidate: Collection | None = None
    retired: tuple[Collection, ...] = ()
    actions: tuple[Action, ...] = ()
    obstacle: Obstacle | None = None

    @property
    def target(self) -> Collection | None:
        """The collection that the spec describes, once it exists."""
        return self.candidate or self.active


def model_dim(model: Model) -> int | None:
    """Of the card, else what the spec says; None where neither knows."""
    try:
        return find_card(model.name).dim
    except NotFound:
        return model.dim


def plan_revisions(observed: Observed) -> Revisions:
    """What to make, take over, and drop."""
    obstacle = _obstacle(observed)
    if obstacle is not None:
        return Revisions(obstacle=obstacle)
    own = own_collections(observed)
    wanted_hash = observed.resource.spec.revision_hash()
    active = own.get(observed.store.alias_target or "")
    matching = [each for each in own.values() if each.owner.revision_hash == wanted_hash]
    if active is not None and active.owner.revision_hash == wanted_hash:
        return _settled(observed, active, own)
    wanted = max(matching, key=lambda each: each.owner.revision, default=None)
    if active is None:
        return _first(observed, wanted, own)
    return _rollout(observed, active, wanted, own)


def own_collections(observed: Observed) -> dict[str, Collection]:
    """Those that this SearchIndex made, under this uid or, deleted and made again, under an earlier one."""
    resource = observed.resource
    return {
        name: each
        for name, each in observed.store.collections.items()
        if each.owner.program == PROGRAM
        and (each.owner.uid == resource.uid or (each.owner.namespace, each.owner.name) == (resource.key.namespace, resource.key.name))
    }


def _obstacle(observed: Observed) -> Obstacle | None:
    resource = observed.resource
    if observed.rival is not None:
        message = f"{observed.rival} is older and has the same collectionName {resource.alias} in the same store. Choose another."
        return Obstacle(reason=Reason.COLLECTION_CONFLICT, message=message)
    if model_dim(resource.spec.model) is None:
        message = f"There is no model card named {resource.spec.model.name}; see the list of models, or give spec.model.dim."
        return Obstacle(reason=Reason.MODEL_NOT_FOUND, message=message)
    return _foreign(observed)


def _foreign(observed: Observed) -> Obstacle | None:
    """Another program's, or another index's, collection behind our name."""
    alias, there = observed.resource.alias, observed.store.collections
    behind = there.get(observed.store.alias_target or alias)
    if behind is None or behind.name in own_collections(observed):
        return None
    owner = behind.owner
    if owner.program == PROGRAM and owner.name:
        message = f"The collection {behind.name} behind {alias} belongs to the SearchIndex {owner.namespace}/{owner.name}."
        return Obstacle(reason=Reason.COLLECTION_CONFLICT, message=f"{message} Choose another collectionName.")
    if behind.name == alias or not _adoptable(observed, behind):
        message = f"The store has a collection {behind.name} behind the name {alias} that this SearchIndex did not make."
        return Obstacle(reason=Reason.NOT_OWNED, message=f"{message} Choose another collectionName, or point an alias at it and adopt it.")
    return None


def _adoptable(observed: Observed, behind: Collection) -> bool:
    spec = observed.resource.spec
    same_shape = behind.dim == model_dim(spec.model) and behind.distance == spec.vectors.distance
    return spec.adoption_policy == "IfUnowned" and same_shape


def _owner(observed: Observed, *, revision: int, revision_hash: str) -> Owner:
    resource = observed.resource
    return Owner(
        program=PROGRAM,
        namespace=resource.key.namespace,
        name=resource.key.name,
        uid=resource.uid,
        revision=revision,
        revision_hash=revision_hash,
    )


def _stamps(observed: Observed, collections: Iterable[Collection]) -> tuple[Action, ...]:
    """Collections of an earlier life of this SearchIndex get its present uid."""
    uid = observed.resource.uid
    return tuple(
        Stamp(name=each.name, owner=_owner(observed, revision=each.owner.revision, revision_hash=each.owner.revision_hash))
        for each in collections
        if each.owner.uid != uid
    )


def _next_revision(observed: Observed, own: dict[str, Collection]) -> int:
    """One more than any that was ever seen, so that a name is never used twice."""
    status = observed.resource.status
    told = [each.revision for each in (status.active, status.candidate, *status.history) if each is not None]
    return 1 + max([*told, *(each.owner.revision for each in own.values())], default=0)


def _create(observed: Observed, own: dict[str, Collection], *, beside: Collection | None = None) -> CreateCollection:
    """`beside`: what is searched while it is built."""
    spec = observed.resource.spec
    threads = held_down(spec.rollout.build_threads) if beside else None
    revision, revision_hash = _next_revision(observed, own), spec.revision_hash()
    dim = model_dim(spec.model)
    assert dim is not None  # noqa: S101  # an unknown model is an obstacle, found before
    return CreateCollection(
        name=f"{observed.resource.alias}-r{revision}-{revision_hash}",
        dim=dim,
        shard_number=spec.vectors.shard_number,
        on_disk=spec.vectors.on_disk,
        settings=wanted_settings(spec),
        owner=_owner(observed, revision=revision, revision_hash=revision_hash),
        fingerprint=spec.model.fingerprint or "",
        threads=threads,
        threads_after=usual(beside) if beside and threads else None,
    )


def _first(observed: Observed, wanted: Collection | None, own: dict[str, Collection]) -> Revisions:
    """Nothing is searched yet, so nothing is disturbed: the alias points at the first collection from the beginning."""
    adopted = _adopt(observed)
    if adopted is not None:
        return Revisions(actions=(adopted,))
    if wanted is None:
        create = _create(observed, own)
        return Revisions(actions=(create, PointAlias(alias=observed.resource.alias, collection=create.name)))
    point = PointAlias(alias=observed.resource.alias, collection=wanted.name)
    return Revisions(actions=(*_stamps(observed, [wanted]), point))


def _adopt(observed: Observed) -> Stamp | None:
    """An unowned collection behind our alias, where the policy allows it: it becomes the revision that the spec describes."""
    behind = observed.store.collections.get(observed.store.alias_target or "")
    if behind is None or behind.owner.name:
        return None
    return Stamp(name=behind.name, owner=_owner(observed, revision=1, revision_hash=observed.resource.spec.revision_hash()))


def _settled(observed: Observed, active: Collection, own: dict[str, Collection]) -> Revisions:
    """The active revision is the wanted one: newer ones were abandoned, older ones are history."""
    abandoned = [each for each in own.values() if each.owner.revision > active.owner.revision]
    retired, expired = _history(observed, own, before=active.owner.revision)
    kept = [active, *retired]
    return Revisions(active=active, retired=retired, actions=(*_stamps(observed, kept), *_drops(observed, [*abandoned, *expired])))


def _rollout(observed: Observed, active: Collection, wanted: Collection | None, own: dict[str, Collection]) -> Revisions:
    abandoned = [
        each for each in own.values() if each.owner.revision > active.owner.revision and (wanted is None or each.name != wanted.name)
    ]
    retired, expired = _history(
        observed, {n: c for n, c in own.items() if wanted is None or n != wanted.name}, before=active.owner.revision
    )
    drops = _drops(observed, [*abandoned, *expired])
    stamps = _stamps(observed, [active, *retired])
    if wanted is None:
        return Revisions(active=active, retired=retired, actions=(*stamps, *drops, _create(observed, own, beside=active)))
    if wanted.owner.revision < active.owner.revision:  # back to an earlier spec: its collection is there still
        again = _owner(observed, revision=_next_revision(observed, own), revision_hash=wanted.owner.revision_hash)
        return Revisions(active=active, candidate=wanted, retired=retired, actions=(*stamps, *drops, Stamp(name=wanted.name, owner=again)))
    return Revisions(active=active, candidate=wanted, retired=retired, actions=(*stamps, *_stamps(observed, [wanted]), *drops))


def _history(observed: Observed, own: dict[str, Collection], *, before: int) -> tuple[tuple[Collection, ...], tuple[Collection, ...]]:
    """(kept, expired), newest first."""
    older = sorted((each for each in own.values() if each.owner.revision < before), key=lambda each: -each.owner.revision)
    limit = observed.resource.spec.rollout.revision_history_limit
    return tuple(older[:limit]), tuple(older[limit:])


def _drops(observed: Observed, collections: Iterable[Collection]) -> tuple[Action, ...]:
    """Only what carries our own uid; what an earlier life left is stamped first and dropped in the next round."""
    uid = observed.resource.uid
    chosen = list(collections)
    mine = [DropCollection(name=each.name, uid=uid) for each in chosen if each.owner.uid == uid]
    return (*_stamps(observed, chosen), *mine)
