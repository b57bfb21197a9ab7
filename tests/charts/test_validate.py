"""Values that contradict each other are refused before anything is installed, each with a sentence that says what to do."""

from typing import Any

import pytest

from tests.charts.render import Refused, notes, render

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "two Qdrants": ({"externalQdrant": {"host": "q"}}, "set qdrant.enabled to false"),
    "no Qdrant": ({"qdrant": {"enabled": False}}, "The API has no Qdrant: set qdrant.enabled to true, or externalQdrant.host"),
    "two Redis": ({"externalRedis": {"host": "r"}}, "set redis.enabled to false"),
    "two collectors": ({"externalOtlpEndpoint": "http://c:4317"}, "set otelCollector.enabled to false"),
    "an authority without TLS": (
        {"qdrant": {"enabled": False}, "externalQdrant": {"host": "q", "caSecret": "ca"}},
        "set externalQdrant.tls to true",
    ),
    "a model on no volume": ({"api": {"model": {"source": "pvc"}}}, "set api.model.pvc.claimName"),
    "a model in no image": ({"api": {"model": {"source": "image"}}}, "set api.model.image.reference"),
    "limits counted nowhere": ({"api": {"sharedRateLimits": True}, "redis": {"enabled": False}}, "api.sharedRateLimits needs a Redis"),
    "a language model without a key": ({"api": {"explanations": {"enabled": True}}}, "api.explanations.existingSecret"),
    "fewer than the least": ({"api": {"autoscaling": {"by": "hpa", "minReplicas": 9}}}, "minReplicas is above maxReplicas"),
    "KEDA without Prometheus": ({"api": {"autoscaling": {"by": "keda"}}}, "set api.autoscaling.prometheusAddress"),
    "a route from nowhere": ({"api": {"httpRoute": {"enabled": True}}}, "api.httpRoute.parentRefs"),
    "a certificate for nobody": ({"api": {"ingress": {"enabled": True, "tlsSecret": "t"}}}, "api.ingress.hosts"),
    "killed while it answers": ({"api": {"lifecycle": {"graceSeconds": 29}}}, "api.lifecycle.graceSeconds is below 30"),
    "a GPU that must not be used": ({"api": {"gpu": {"enabled": True}, "settings": {"FORCE_CPU": True}}}, "set one of them to false"),
    "a GPU asked for twice": ({"api": {"resources": {"limits": {"nvidia.com/gpu": 1}}}}, "set api.gpu.enabled and count"),
}
KEPT_BY = {
    "both autoscalers": ({"api": {"autoscaling": {"by": "both"}}}, "api.autoscaling.by"),
    "a setting of the chart's own": ({"api": {"settings": {"QDRANT_HOST": "q"}}}, "QDRANT_HOST"),
    "a setting out of bounds": ({"api": {"settings": {"SEARCH_TOP_K": 1000}}}, "SEARCH_TOP_K"),
}


@pytest.mark.parametrize(("values", "sentence"), REFUSED.values(), ids=REFUSED)
def test_a_contradiction_is_refused_with_what_to_do(values: dict[str, Any], sentence: str) -> None:
    """By helm template too, so that it never reaches a cluster."""
    with pytest.raises(Refused) as refused:
        render("searchindex", values)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(("values", "name"), KEPT_BY.values(), ids=KEPT_BY)
def test_what_the_schema_keeps_out_is_named(values: dict[str, Any], name: str) -> None:
    """One autoscaler, as there is one value for both; and only settings of the service, within their bounds."""
    with pytest.raises(Refused, match=name):
        render("searchindex", values)


def test_an_image_volume_needs_a_cluster_that_has_them() -> None:
    """Older ones would drop the volume in silence."""
    values = {"api": {"model": {"source": "image", "image": {"reference": "m"}}}}
    with pytest.raises(Refused, match="cannot mount an image as a volume"):
        render("searchindex", values, kubernetes="1.32.1")
    assert render("searchindex", values, kubernetes="1.33.0")


def test_the_controller_alone_is_an_installation() -> None:
    """Without the API nothing that it rests on is asked for."""
    values = {"api": {"enabled": False}, **{part: {"enabled": False} for part in ("qdrant", "redis", "otelCollector")}}
    assert {each["metadata"]["name"] for each in render("searchindex", values)} <= {
        "r-controller",
        "r-controller-lease",
        "ns-r-controller",
    }


def test_notes_lead_to_the_first_search() -> None:
    """The address, the first request, the resource with what the release knows, and what is missing for others to use it."""
    told = notes("searchindex", {"api": {"ingress": {"enabled": True, "hosts": ["search.example.com"]}, "collection": "photos"}})
    assert "kind: SearchIndex" in told
    assert "metadata: {name: photos}" in told
    assert "host: r-qdrant" in told
    assert "apiKeySecretRef: {name: r-qdrant, key: api-key}" in told
    assert "source: {pvc: {claimName: r-model, path: ViT-H-14--laion2b_s32b_b79k}}" in told
    assert "address=http://search.example.com\n" in told
    assert "curl -s $address/search" in told
    for warning in ("set api.apiKeys.existingSecret", "One Qdrant", "One API pod"):
        assert warning in told


def test_notes_are_silent_where_nothing_is_missing() -> None:
    """A warning that stands there always is read by nobody."""
    whole = {
        "api": {
            "replicas": 3,
            "apiKeys": {"existingSecret": "keys"},
            "model": {"hub": {"accessModes": ["ReadWriteMany"]}},
            "ingress": {"enabled": True, "hosts": ["s"], "tlsSecret": "tls"},
        },
        "qdrant": {"replicas": 3},
    }
    told = notes("searchindex", whole)
    assert "To know before" not in told
    assert '-H "X-API-Key: $KEY"' in told
    assert "Everybody" not in told


def test_notes_speak_of_the_qdrant_that_is_there() -> None:
    """Its ports and authority where they are not the usual ones."""
    external = {"host": "q.example.com", "httpPort": 443, "tls": True, "caSecret": "ca"}
    told = notes("searchindex", {"qdrant": {"enabled": False}, "externalQdrant": external})
    assert "httpPort: 443" in told
    assert "grpcPort" not in told
    assert "tls: {caSecretRef: {name: ca, key: ca.crt}}" in told
    assert "apiKeySecretRef" not in told
