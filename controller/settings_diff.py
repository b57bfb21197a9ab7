"""What a collection's settings should be, and what differs from them. Pure; only declared settings are compared."""

from controller.actions import ChangeSettings
from controller.observed import Collection, CollectionSettings
from searchindex.collection import PAYLOAD_SCHEMA
from searchindex.spec import SearchIndexSpec, short_hash

TOLERANCE = 1e-6  # the store keeps the quantile in single precision


def wanted_settings(spec: SearchIndexSpec) -> CollectionSettings:
    """Every picture's own fields can be filtered, and those that the spec declares beside them."""
    fields = {name: str(kind) for name, kind in PAYLOAD_SCHEMA.items()}
    fields |= {field.name: str(field.type) for field in spec.payload_schema.fields}
    return CollectionSettings(
        hnsw_m=spec.hnsw.m,
        hnsw_ef_construct=spec.hnsw.ef_construct,
        quantile=float(spec.quantization.quantile),
        always_ram=spec.quantization.always_ram,
        replication_factor=spec.replication_factor,
        schema=fields,
    )


def settings_hash(settings: CollectionSettings) -> str:
    """Tells a changed spec from a changed collection."""
    return short_hash({name: getattr(settings, name) for name in settings.__slots__})


def settings_change(collection: Collection, wanted: CollectionSettings) -> ChangeSettings | None:
    """None where nothing differs. A field whose type changed is dropped and added; payload indexes that others made are left."""
    actual = collection.settings
    stale = tuple(sorted(name for name, kind in wanted.schema.items() if actual.schema.get(name, kind) != kind))
    missing = {name: kind for name, kind in wanted.schema.items() if actual.schema.get(name) != kind}
    hnsw = (actual.hnsw_m, actual.hnsw_ef_construct) != (wanted.hnsw_m, wanted.hnsw_ef_construct)
    quantization = actual.always_ram != wanted.always_ram or not _same(actual.quantile, wanted.quantile)
    replication = actual.replication_factor != wanted.replication_factor
    if not (stale or missing or hnsw or quantization or replication):
        return None
    return ChangeSettings(
        name=collection.name,
        settings=wanted,
        hnsw=hnsw,
        quantization=quantization,
        replication=replication,
        add_fields=missing,
        drop_fields=stale,
    )


def described(change: ChangeSettings) -> str:
    """What differs, in words."""
    parts = [name for name, differs in (("hnsw", change.hnsw), ("quantization", change.quantization)) if differs]
    parts += ["replicationFactor"] if change.replication else []
    return ", ".join(parts + [f"schema field {name}" for name in sorted({*change.add_fields, *change.drop_fields})])


def _same(actual: float | None, wanted: float | None) -> bool:
    if actual is None or wanted is None:
        return actual is wanted
    return abs(actual - wanted) <= TOLERANCE
