"""What a `SearchIndex` says about its collection: the store, the model, vectors, graph, quantisation and payload."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from searchindex.collection import PAYLOAD_SCHEMA, FieldType
from searchindex.spec_rules import FolderPath, ObjectName, Part, Port, rule, rules, text


class SecretKeyRef(Part):
    """One key of a Secret in the SearchIndex's own namespace."""

    name: ObjectName = Field(description="Name of the Secret.")
    key: ObjectName = Field(description="Key inside the Secret.")


class Tls(Part):
    """TLS to the store. Without `caSecretRef` the system's certificate authorities are trusted."""

    ca_secret_ref: SecretKeyRef | None = Field(None, description="The certificate authority to trust, in PEM.")


class Store(Part):
    """The Qdrant server (1.16 or newer) that holds the collection."""

    host: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:-]+$")] = Field(
        description="Host name or address. A name without a dot is a Service of the SearchIndex's namespace. Cannot be changed.",
        json_schema_extra=rules(
            rule(
                "!self.contains('/') && self.split(':').size() != 2",
                "host is a name or an address alone, such as 'qdrant.search.svc': ports go to httpPort and grpcPort, https to tls.",
            )
        ),
    )
    http_port: Port = Field(6333, description="Port of the HTTP interface.")
    grpc_port: Port = Field(6334, description="Port of the gRPC interface.")
    api_key_secret_ref: SecretKeyRef | None = Field(None, description="Where the API key lies. Rotation is picked up.")
    tls: Tls | None = Field(None, description="Present, even as `{}`: speak TLS.")


class PvcSource(Part):
    """A PersistentVolumeClaim in the SearchIndex's namespace, mounted read-only."""

    claim_name: ObjectName = Field(description="Name of the claim. Indexing pods on several nodes need one that can be mounted there.")
    path: FolderPath = Field("", description="Folder inside the volume, relative; empty: all of it.")


class ImageVolume(Part):
    """An OCI image that holds the model's folder, mounted read-only as a volume (Kubernetes 1.33 or newer)."""

    reference: Annotated[
        str,
        Field(
            min_length=1,
            max_length=512,
            json_schema_extra=rules(
                rule("self.contains('@sha256:')", "Name a model image by its digest, registry/name@sha256:...: a tag can move.")
            ),
        ),
    ] = Field(description="Image reference with its digest.")
    path: FolderPath = Field("", description="Folder inside the image, relative; empty: all of it.")


class ModelSource(Part):
    """Where the prepared model lies. Without a source it is looked for in the indexer's own image."""

    pvc: PvcSource | None = Field(None, description="A volume that `searchindex export` wrote the model to.")
    image: ImageVolume | None = Field(None, description="An OCI image with the model's folder.")

    model_config = ConfigDict(json_schema_extra=rules(rule("has(self.pvc) != has(self.image)", "A model's source is either pvc or image.")))


class Model(Part):
    """The model that turns pictures and queries into vectors. Another model is another revision."""

    name: Annotated[
        str,
        text(
            r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$",
            "Name a model card in full, such as 'ViT-H-14/laion2b_s32b_b79k'; `searchindex models` lists them.",
            most=128,
        ),
    ] = Field(description="A model card's name, such as `ViT-H-14/laion2b_s32b_b79k`.")
    dim: Annotated[int, Field(ge=1, le=65536)] | None = Field(
        None, description="Components of a vector. Needed only for a model that the controller has no card of."
    )
    fingerprint: (
        Annotated[str, text(r"^[0-9a-f]{16}$", "A fingerprint is 16 hex digits, as `searchindex models` prints it.", most=16)] | None
    ) = Field(
        None, description="As `searchindex models` prints it. Given, no other weights are accepted; else the first indexing pod's count."
    )
    source: ModelSource | None = Field(None, description="Where the prepared model lies; default: in the indexer's image.")


class Vectors(Part):
    """How vectors are laid out; a change is another revision."""

    distance: Literal["Cosine"] = Field("Cosine", description="Vectors have unit length; their cosine is what a score is.")
    shard_number: Annotated[int, Field(ge=1, le=256)] = Field(1, description="Shards of the collection: at least one for each Qdrant node.")
    on_disk: bool = Field(default=False, description="Keep the originals on disk; the int8 copies stay in RAM.")


class HnswSettings(Part):
    """HNSW graph (arXiv 1603.09320). Changed in place: Qdrant builds it anew while it is searched."""

    m: Annotated[int, Field(ge=4, le=128)] = Field(16, description="Edges of a node. More: better recall, more RAM.")
    ef_construct: Annotated[int, Field(ge=4, le=2000)] = Field(
        200, description="Candidates while building. More: better recall, slower to build."
    )


class QuantizationSettings(Part):
    """int8 for each component, rescored with the originals. Changed in place."""

    quantile: Annotated[
        str, text(r"^(0\.[5-9][0-9]*|1(\.0+)?)$", "quantile is a decimal from 0.5 to 1 in quotes, such as '0.99'.", most=8)
    ] = Field("0.99", description="The part of components that is not clipped, as a decimal in quotes, from `0.5` to `1`.")
    always_ram: bool = Field(default=True, description="Keep the int8 copies in RAM.")


_OWN = ", ".join(f"'{name}'" for name in PAYLOAD_SCHEMA)


class SchemaField(Part):
    """One payload field with an index."""

    name: Annotated[
        str,
        text(
            r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$",
            "A field is named by letters, digits and '_', a sidecar's by its path: 'attributes.photographer'.",
            most=128,
        ),
    ] = Field(description="The field's path in the payload; a sidecar's are `attributes.<name>`.")
    type: FieldType = Field(description="As Qdrant's payload indexes are named.")

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(f"!(self.name in [{_OWN}])", "Every picture has this field and it can be filtered already: leave it out of schema.fields.")
        )
    )


class PayloadSchema(Part):
    """What may be filtered, beside the fields that every picture has."""

    fields: Annotated[list[SchemaField], Field(max_length=64)] = Field(
        default_factory=list,
        description="Payload fields that may be filtered, each with its type. Indexes are added and dropped in place.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
