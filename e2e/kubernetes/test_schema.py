"""The definition on a real API server: what it accepts, what it refuses, and with which words (fault case F-35)."""

import uuid

import pytest

from e2e.kubernetes.kubectl import Kubectl, Refused
from tests.faults.record import record
from tests.searchindex.invalid_specs import REFUSED, REFUSED_CHANGES, patched, sample


def named(document: dict[str, object], name: str) -> dict[str, object]:
    return {**document, "metadata": {"name": name}}


@pytest.mark.parametrize("name", ["smallest", "complete", "s3", "gpu"])
def test_the_examples_are_accepted(namespace: Kubectl, name: str) -> None:
    """What the documentation shows can be applied, with server-side validation."""
    namespace.apply(named(sample(name), f"example-{name}"), dry_run=True)


def test_every_wrong_spec_is_refused_with_what_to_write(namespace: Kubectl) -> None:
    """The API server itself refuses it, in a sentence that a person can act on."""
    wrong = []
    for case in REFUSED:
        try:
            namespace.apply(patched(sample(), case.change), dry_run=True)
            wrong.append(f"{case.name} was accepted")
        except Refused as error:
            if case.says not in str(error):
                wrong.append(f"{case.name}: {error}")
    record("F-35", cases=len(REFUSED), bad=wrong, measured="refused by the API server")


def test_every_forbidden_change_is_refused(namespace: Kubectl) -> None:
    """Identity is fixed: neither changed, nor added, nor removed."""
    wrong = []
    for case in REFUSED_CHANGES:
        name = f"c-{uuid.uuid4().hex[:6]}"
        made = patched(named(sample(), name), case.made_with)
        namespace.apply(made)
        try:
            namespace.merge("si", name, case.change)
            wrong.append(f"{case.name} was accepted")
        except Refused as error:
            if case.says not in str(error):
                wrong.append(f"{case.name}: {error}")
        namespace.delete("si", name)
    record("F-35", cases=len(REFUSED_CHANGES), bad=wrong, measured="changes refused by the API server")
