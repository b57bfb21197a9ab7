"""F-02: every operation of the served OpenAPI document without a key, with a wrong one, and with one of too narrow a scope."""

import json

from service.key_file import KeyScope, new_key
from tests.faults.record import record
from tests.faults.wire import Served
from tests.service.test_auth import ADMIN, OPEN

METHODS = {"get", "post", "put", "patch", "delete", "head", "options"}


def test_no_operation_answers_who_may_not_ask(served: Served):
    """What is new in the document is asked too, and a path that nobody put on a list here must be closed."""
    paths = json.loads(served.ask("GET", "/openapi.json").body)["paths"]
    stranger, _ = new_key("web", [KeyScope.ADMIN])
    bad, cases = [], 0
    for path, operations in paths.items():
        actual = path.replace("{key}", "1").replace("{id}", "1")
        for method in METHODS & set(operations):
            wanted = {"": 401, f"Bearer {stranger}": 401}
            if actual in ADMIN:
                wanted[f"Bearer {served.key}"] = 403
            for authorization, status in wanted.items():
                reply = served.ask(method.upper(), actual, Authorization=authorization)
                cases += 1
                closed = reply.status == status and reply.problem is not None and b'"results"' not in reply.body
                if not closed and actual not in OPEN:
                    bad.append(f"{method} {path}: {reply.status} in place of {status}")
    assert cases >= 20
    record("F-02", cases, bad)
