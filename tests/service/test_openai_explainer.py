"""The adapter on OpenAI's protocol, against a real server that answers well or badly."""

import asyncio

import pytest

from service.explain import ExplanationUnavailable, Prompt
from service.openai_explainer import OpenAIExplainer
from tests.openai_server import Mode, OpenAIServer

PROMPT = Prompt(system="Explain.", data='{"query":"red heart"}')
KEY = "sk-very-secret"


@pytest.fixture
async def server():
    async with OpenAIServer() as server:
        yield server


@pytest.fixture
async def explainer(server: OpenAIServer):
    explainer = OpenAIExplainer(model="gpt-4", base_url=server.base_url, api_key=KEY, timeout=5)
    yield explainer
    await explainer.close()


async def test_one_chat_completion_is_asked_for(server: OpenAIServer, explainer: OpenAIExplainer):
    """Model, temperature and the bound on tokens are those of the product; the key goes where it belongs."""
    assert await explainer.explain(PROMPT) == server.text
    (request,) = server.requests
    assert (request.path, request.headers["authorization"]) == ("/v1/chat/completions", f"Bearer {KEY}")
    assert (request.body["model"], request.body["temperature"], request.body["max_tokens"]) == ("gpt-4", 0.3, 220)
    assert request.body["messages"] == [{"role": "system", "content": "Explain."}, {"role": "user", "content": PROMPT.data}]


async def test_a_server_that_needs_no_key_is_sent_none(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch):
    """No made-up key, and none from the environment, which the client would look into by itself."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    explainer = OpenAIExplainer(model="local", base_url=server.base_url, api_key=None, timeout=5)
    assert await explainer.explain(PROMPT) == server.text
    assert "authorization" not in server.requests[0].headers
    await explainer.close()


BAD = [mode for mode in Mode if mode not in {Mode.SAY, Mode.HANG, Mode.DRIP}]


@pytest.mark.parametrize("mode", BAD)
@pytest.mark.fault("F-41")
async def test_a_bad_answer_is_one_error_and_one_request(server: OpenAIServer, explainer: OpenAIExplainer, mode: Mode):
    """Nothing is tried again behind one's back, and the error shows neither the key nor the answer."""
    server.mode = mode
    with pytest.raises(ExplanationUnavailable) as caught:
        await explainer.explain(PROMPT)
    assert len(server.requests) == 1
    assert len(str(caught.value)) < 200
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("mode", [Mode.HANG, Mode.DRIP])
@pytest.mark.fault("F-41")
async def test_a_server_that_never_ends_is_left(server: OpenAIServer, mode: Mode):
    """The time is for the whole of a request, so a byte now and then gains nothing."""
    server.mode = mode
    explainer = OpenAIExplainer(model="gpt-4", base_url=server.base_url, api_key=KEY, timeout=0.2)
    async with asyncio.timeout(30):
        with pytest.raises(ExplanationUnavailable, match=r"longer than 0\.2 s"):
            await explainer.explain(PROMPT)
    await explainer.close()


async def test_nobody_listens():
    """A server that is gone is an error like any other."""
    async with OpenAIServer() as server:
        base_url = server.base_url
    explainer = OpenAIExplainer(model="gpt-4", base_url=base_url, api_key=KEY, timeout=5)
    with pytest.raises(ExplanationUnavailable, match="APIConnectionError"):
        await explainer.explain(PROMPT)
    await explainer.close()
