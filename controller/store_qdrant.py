"""CollectionStore on a Qdrant server: which requests, in which order. Every one of them leaves a state that a second run completes."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from controller import store_wire as wire
from controller.actions import ChangeSettings, CreateCollection, PointAlias, SetThreads
from controller.circuit import Circuit
from controller.conditions import Reason
from controller.observed import Collection, Owner
from controller.ports import StoreError
from searchindex.stores.qdrant_rest import QdrantRest, QdrantTrouble, Trouble

WRITE_SECONDS = 30.0  # a change of settings waits for the optimiser to stop
REASONS = {
    Trouble.UNKNOWN_HOST: Reason.STORE_UNREACHABLE,
    Trouble.UNREACHABLE: Reason.STORE_UNREACHABLE,
    Trouble.UNAUTHORIZED: Reason.STORE_UNAUTHORIZED,
    Trouble.REFUSED: Reason.STORE_REFUSED,
}


class QdrantCollections:
    """`circuit` may be shared by all who speak to the same server."""

    def __init__(self, rest: QdrantRest, *, circuit: Circuit | None = None) -> None:
        self._rest = rest
        self._circuit = circuit or Circuit()
        self._known: dict[str, tuple[Any, Collection]] = {}

    async def collection_names(self) -> list[str]:
        """Whatever else was known of collections that are gone is forgotten."""
        found = await self._ask("GET", "/collections")
        names = sorted(each["name"] for each in found["collections"])
        self._known = {name: self._known[name] for name in names if name in self._known}
        return names

    async def aliases(self) -> dict[str, str]:
        found = await self._ask("GET", "/aliases")
        return {each["alias_name"]: each["collection_name"] for each in found["aliases"]}

    async def collection(self, name: str) -> Collection | None:
        """An answer that was given before is not read anew: at rest they all are."""
        info = await self._ask("GET", _path(name))
        if info is None:
            self._known.pop(name, None)
            return None
        known = self._known.get(name)
        if known is None or known[0] != info:
            known = self._known[name] = (info, wire.collection(name, info))
        return known[1]

    async def create(self, wanted: CreateCollection) -> None:
        there = await self.collection(wanted.name)
        if there is None:
            there = await self._made(wanted)
        if there.owner.uid != wanted.owner.uid:
            return
        missing = {field: kind for field, kind in wanted.settings.schema.items() if there.settings.schema.get(field) != kind}
        await asyncio.gather(*(self._index(wanted.name, field, kind, wait=True) for field, kind in missing.items()))

    async def change(self, wanted: ChangeSettings) -> None:
        for field in wanted.drop_fields:
            if field not in wanted.add_fields:  # else the new index replaces it
                await self._write("DELETE", f"{_path(wanted.name)}/index/{quote(field, safe='')}?wait=false")
        for field, kind in wanted.add_fields.items():
            await self._index(wanted.name, field, kind, wait=False)  # over millions of points it takes minutes
        if body := wire.change_body(wanted):
            await self._write("PATCH", _path(wanted.name), body)

    async def set_threads(self, wanted: SetThreads) -> None:
        await self._write("PATCH", _path(wanted.name), wire.threads_body(wanted))

    async def stamp(self, name: str, owner: Owner) -> None:
        await self._write("PATCH", _path(name), wire.stamp_body(name, owner))

    async def point_alias(self, wanted: PointAlias) -> None:
        """One action, which moves an alias that exists. Two (delete, create) would leave none where the second fails."""
        action = {"create_alias": {"collection_name": wanted.collection, "alias_name": wanted.alias}}
        await self._write("POST", "/collections/aliases", {"actions": [action]})

    async def drop_alias(self, alias: str) -> None:
        await self._write("POST", "/collections/aliases", {"actions": [{"delete_alias": {"alias_name": alias}}]})

    async def drop(self, name: str) -> None:
        await self._ask("DELETE", _path(name), timeout=WRITE_SECONDS)

    async def close(self) -> None:
        await self._rest.close()

    async def _made(self, wanted: CreateCollection) -> Collection:
        """What is there afterwards counts, whoever made it. Qdrant before 1.16 passes over what it does not know: the metadata."""
        try:
            await self._write("PUT", _path(wanted.name), wire.create_body(wanted))
        except StoreError:
            if (there := await self.collection(wanted.name)) is None:
                raise
            return there
        if (there := await self.collection(wanted.name)) is None:
            raise StoreError(f"The collection {wanted.name} was removed while it was made.", reason=Reason.STORE_REFUSED)
        if not there.owner.program:
            raise StoreError("The store does not keep a collection's metadata; Qdrant 1.16 or newer does.", reason=Reason.STORE_REFUSED)
        return there

    async def _index(self, name: str, field: str, kind: str, *, wait: bool) -> None:
        path = f"{_path(name)}/index?wait={str(wait).lower()}"
        await self._write("PUT", path, {"field_name": field, "field_schema": kind})

    async def _write(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> None:
        """StoreError also where what is to be changed is not there."""
        if await self._ask(method, path, body, timeout=WRITE_SECONDS) is None:
            raise StoreError("The collection is no longer there.", reason=Reason.COLLECTION_MISSING)

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, timeout: float | None = None) -> Any:  # noqa: ASYNC109  # handed on
        self._circuit.check()
        try:
            result = await self._rest.request(method, path, body, timeout=timeout)
        except QdrantTrouble as trouble:
            error = StoreError(trouble.message, reason=REASONS[trouble.trouble], gone=trouble.trouble is Trouble.UNKNOWN_HOST)
            if trouble.trouble in {Trouble.UNREACHABLE, Trouble.UNKNOWN_HOST}:
                self._circuit.failed(error)
            raise error from trouble
        self._circuit.answered()
        return result


def _path(name: str) -> str:
    return f"/collections/{quote(name, safe='')}"
