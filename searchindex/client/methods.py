"""The operations as methods, written down once for both clients: what a client can perform, it can be asked for by name."""

import functools
from collections.abc import Callable, Coroutine
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

from searchindex.client import operations
from searchindex.client.operations import Operation

P = ParamSpec("P")
T = TypeVar("T")


class Blocking(Protocol):
    """Performs an operation before it returns."""

    def perform(self, operation: Operation[T]) -> T: ...


class Awaiting(Protocol):
    """Performs an operation while it is awaited."""

    async def perform(self, operation: Operation[T]) -> T: ...


class Method(Generic[P, T]):
    """An operation as a method that performs it, with the operation's own parameters and docstring."""

    def __init__(self, operation: Callable[P, Operation[T]]) -> None:
        self._operation = operation
        self.__doc__ = operation.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Callable[P, Operation[T]]: ...

    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[P, T]: ...

    @overload
    def __get__(self, client: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, client: Blocking | Awaiting | None, owner: type) -> Any:
        if client is None:
            return self._operation

        @functools.wraps(self._operation)
        def perform(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client.perform(self._operation(*args, **kwargs))

        return perform


class Methods:
    """Everything that can be asked of the service."""

    search = Method(operations.search)
    search_similar = Method(operations.search_similar)
    search_image = Method(operations.search_image)
    search_batch = Method(operations.search_batch)
    facets = Method(operations.facets)
    explanation = Method(operations.explanation)
    thumbnail = Method(operations.thumbnail)
    picture = Method(operations.picture)
    collection = Method(operations.collection)
    health = Method(operations.health)
    stats = Method(operations.stats)
