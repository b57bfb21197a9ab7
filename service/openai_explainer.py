"""The port `Explainer` on a server that speaks OpenAI's chat completions: OpenAI's own, or any other, such as one in the cluster.

One request for one explanation: nothing is tried again, no redirect is followed, and neither time nor size is left to the server.
"""

import asyncio
from collections.abc import AsyncIterator

import httpx2
from openai import AsyncOpenAI, Omit, OpenAIError
from pydantic import BaseModel, ValidationError

from service.explain import ExplanationUnavailable, Prompt

TEMPERATURE = 0.3
MAX_TOKENS = 220
LARGEST = 64 * 1024  # bytes of an answer; the text in it is a kilobyte


class _Message(BaseModel):
    content: str


class _Choice(BaseModel):
    message: _Message


class _Completion(BaseModel):
    """What is read of https://platform.openai.com/docs/api-reference/chat/object; all else is passed over."""

    choices: list[_Choice]


class OpenAIExplainer:
    """`base_url`: up to and with `/v1`. `timeout`: seconds for the whole of one request. Without `api_key` no such header is sent."""

    def __init__(self, *, model: str, base_url: str, api_key: str | None, timeout: float) -> None:
        self.model = model
        self._timeout = timeout
        self._http = httpx2.AsyncClient(timeout=timeout, follow_redirects=False, event_hooks={"response": [_bound]})
        self._headers = {"Accept-Encoding": "identity"} | ({} if api_key else {"Authorization": Omit()})
        self._client = AsyncOpenAI(api_key=api_key or "none", base_url=base_url, max_retries=0, timeout=timeout, http_client=self._http)

    async def explain(self, prompt: Prompt) -> str:
        try:
            async with asyncio.timeout(self._timeout):
                return _said(await self._ask(prompt))
        except TimeoutError:
            raise ExplanationUnavailable(f"The language model took longer than {self._timeout:g} s.") from None
        except (OpenAIError, httpx2.HTTPError) as error:
            raise ExplanationUnavailable(_reason(error)) from None

    async def _ask(self, prompt: Prompt) -> bytes:
        answer = await self._client.chat.completions.with_raw_response.create(
            model=self.model,
            messages=[{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.data}],
            temperature=TEMPERATURE,
            max_tokens=MAX_TOKENS,
            extra_headers=self._headers,
        )
        return answer.content

    async def close(self) -> None:
        await self._client.close()


def _said(content: bytes) -> str:
    """Of the first choice; a refusal has none."""
    try:
        return _Completion.model_validate_json(content).choices[0].message.content
    except (ValidationError, IndexError):
        raise ExplanationUnavailable("The language model's answer is no chat completion with text.") from None


def _reason(error: Exception) -> str:
    """Kind and status alone: the text may repeat the key or the address."""
    status = getattr(error, "status_code", None)
    return f"The request to the language model failed: {type(error).__name__}{f', status {status}' if status else ''}."


async def _bound(response: httpx2.Response) -> None:
    if isinstance(response.stream, httpx2.AsyncByteStream):  # as always of an asynchronous client
        response.stream = _Bounded(response.stream)


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends in an error where it is larger than LARGEST."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = LARGEST
        async for chunk in self._stream:
            left -= len(chunk)
            if left < 0:
                raise httpx2.ReadError("the answer is too large")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
