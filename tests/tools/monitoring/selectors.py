"""What a query asks for: each metric with the labels that it is selected and grouped by."""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import promql_parser as promql

GRAFANA = {"$__rate_interval": "5m", "$quantile": "0.95", "$namespace": ".*", "$name": ".*", "$job": ".*"}


@dataclass(frozen=True, slots=True)
class Selector:
    """`wanted`: label, regular expression, and whether it is to match."""

    metric: str
    wanted: tuple[tuple[str, str, bool], ...]

    def takes(self, labels: Mapping[str, str], *, among: AbstractSet[str]) -> bool:
        """Whether a series of these labels is selected, by the matchers of the labels `among`."""
        asked = [each for each in self.wanted if each[0] in among]
        return all(name in labels and bool(re.fullmatch(pattern, labels[name])) is wanted for name, pattern, wanted in asked)


def filled_in(expression: str) -> str:
    """As Grafana sends it."""
    for variable, value in GRAFANA.items():
        expression = expression.replace(variable, value)
    return expression


def selectors(expression: str) -> list[Selector]:
    """ValueError where it is no PromQL."""
    found: list[Selector] = []

    def visit(node: promql.Expr) -> bool:
        if isinstance(node, promql.VectorSelector):
            found.append(_selector(node))
        elif isinstance(node, promql.MatrixSelector):
            found.append(_selector(node.vector_selector))
        return True

    promql.walk(promql.parse(filled_in(expression)), pre_visit=visit)
    return list(dict.fromkeys(found))


def grouped_by(expression: str) -> set[str]:
    """Labels of all its `by` and `on`."""
    found: set[str] = set()

    def visit(node: promql.Expr) -> bool:
        if isinstance(node, promql.AggregateExpr) and node.modifier is not None:
            found.update(node.modifier.labels)
        return True

    promql.walk(promql.parse(filled_in(expression)), pre_visit=visit)
    return found


def _selector(node: promql.VectorSelector) -> Selector:
    exact, yes = (promql.MatchOp.Equal, promql.MatchOp.NotEqual), (promql.MatchOp.Equal, promql.MatchOp.Re)
    matchers = [(each.name, re.escape(each.value) if each.op in exact else each.value, each.op in yes) for each in node.matchers.matchers]
    return Selector(node.name, tuple(matchers))
