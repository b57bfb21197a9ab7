"""Conditions: their reasons with what each means, and how one set of them follows from another. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, Self

from searchindex.status import Condition, ConditionType

Truth = Literal["True", "False", "Unknown"]


class Reason(StrEnum):
    """Stable words: scripts and alerts may depend on them. The sentence beside each is the documentation."""

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    AVAILABLE = "Available", "It is as it should be and is searched."
    AS_EXPECTED = "AsExpected", "Nothing is wrong."
    CONNECTED = "Connected", "The store answered."
    CURRENT = "Current", "What is searched was built from the model that the spec names."
    IDLE = "Idle", "There is nothing to do."
    IN_PROGRESS = "InProgress", "The controller is working towards the spec."
    RUN_SUCCEEDED = "RunSucceeded", "The last indexing run accounted for every picture."

    STORE_UNREACHABLE = (
        "StoreUnreachable",
        "The store does not answer; the controller tries again. Look at the store's pods and at the network policies.",
    )
    STORE_UNAUTHORIZED = "StoreUnauthorized", "The store refuses the API key. Correct the Secret; it is read again within a minute."
    STORE_REFUSED = "StoreRefused", "The store refused a change; the message is its own."
    STORAGE_FULL = (
        "StorageFull",
        "The disk of the store, or of the ledger, is full; the message says which. Enlarge it: what is stored stays and is searched.",
    )
    SECRET_NOT_FOUND = "SecretNotFound", "A Secret that the spec names does not exist, or lacks the key. Create it."
    STORE_UNOBSERVED = "StoreUnobserved", "Not known, because the store could not be asked."

    COLLECTION_CONFLICT = "CollectionConflict", "An older SearchIndex has the same collectionName in the same store. Choose another."
    NOT_OWNED = (
        "NotOwned",
        "The store has a collection of that name that this SearchIndex did not make. Choose another collectionName, or adopt it.",
    )
    CREATING = "Creating", "The collection is being made."
    COLLECTION_MISSING = "CollectionMissing", "The collection that was searched is gone from the store; it is made anew and filled."
    CONFIGURATION_DRIFT = "ConfigurationDrift", "The collection's settings differ from the spec, and driftPolicy is Report."
    POINTS_MISSING = (
        "PointsMissing",
        "The collection holds fewer points than the last run left; annotate searchindex.dev/reindex to repair it.",
    )
    MODEL_NOT_FOUND = (
        "ModelNotFound",
        "No model card has that name. Correct spec.model.name, or give spec.model.dim for a model of your own.",
    )
    INVALID_SPEC = "InvalidSpec", "The spec cannot be read by this version of the controller; the message says where."

    INDEXING = "Indexing", "An indexing run is under way; status.indexing shows how far."
    OPTIMIZING = "Optimizing", "All pictures are in; the store is still building its index."
    RUN_PENDING = "RunPending", "A run is due and its Job is about to be made."
    SUSPENDED = "Suspended", "spec.suspend is true: nothing is indexed or changed."
    DISABLED = "Disabled", "The annotation searchindex.dev/reconcile=disabled keeps the controller's hands off."

    JOB_FAILED = (
        "JobFailed",
        "The indexing Job failed; the message says why. Correct the cause and change the spec, or annotate searchindex.dev/reindex.",
    )
    FAILURE_BUDGET_EXCEEDED = "FailureBudgetExceeded", "More pictures failed than indexing.maxFailedPercent allows. Look at the Job's logs."
    BAD_CONFIGURATION = (
        "BadConfiguration",
        "The indexing pods refuse to start with what they were given; trying again would not help. Correct the spec.",
    )
    FINGERPRINT_MISMATCH = (
        "FingerprintMismatch",
        "The pods hold other weights than the collection was built with. Set model.fingerprint to make a new revision.",
    )
    PRUNE_LIMIT_EXCEEDED = (
        "PruneLimitExceeded",
        "A run would have deleted more than indexing.prune.maxDeletePercent of the points, and deleted none.",
    )
    POD_UNSCHEDULABLE = "PodUnschedulable", "No node takes the indexing pods: a resource such as a GPU is missing, or selectors match none."
    IMAGE_UNAVAILABLE = "ImageUnavailable", "The indexer's image cannot be pulled."
    VOLUME_UNAVAILABLE = "VolumeUnavailable", "A volume of the indexing pods is not there or not bound. Create the PersistentVolumeClaim."
    POD_CONFIGURATION = "PodConfigurationError", "The indexing pods' containers cannot be made, such as for want of a Secret."
    OUT_OF_MEMORY = "OutOfMemory", "An indexing pod was killed for want of memory. Raise its limit or lower indexing.batchSize."
    DEADLINE_EXCEEDED = "DeadlineExceeded", "The run took longer than indexing.activeDeadlineSeconds."

    ROLLOUT_IN_PROGRESS = "RolloutInProgress", "A new revision is being built beside the one that is searched."
    ROLLOUT_FAILED = "RolloutFailed", "The new revision could not be filled; the old one is still searched."
    DELETING = "Deleting", "The SearchIndex is being deleted."
    COLLECTION_LEFT_BEHIND = "CollectionLeftBehind", "Deleted while the store could not be reached: its collections are still there."


@dataclass(frozen=True, slots=True)
class Fact:
    """One condition as a plan finds it, without times."""

    type: ConditionType
    status: Truth
    reason: str
    message: str = ""


MESSAGE_LIMIT = 1024


def set_conditions(before: Sequence[Condition], facts: Iterable[Fact], *, generation: int, now: datetime) -> list[Condition]:
    """The new list: a condition's `lastTransitionTime` moves only when its status changes (api-conventions, Typical status properties)."""
    known = {condition.type: condition for condition in before}
    return [_condition(known.get(fact.type), fact, generation=generation, now=now) for fact in facts]


def _condition(before: Condition | None, fact: Fact, *, generation: int, now: datetime) -> Condition:
    same = before is not None and before.status == fact.status
    return Condition(
        type=fact.type,
        status=fact.status,
        reason=fact.reason,
        message=fact.message[:MESSAGE_LIMIT],
        last_transition_time=before.last_transition_time if before is not None and same else now,
        observed_generation=generation,
    )


def find(conditions: Iterable[Condition], wanted: ConditionType) -> Condition | None:
    return next((condition for condition in conditions if condition.type is wanted), None)
