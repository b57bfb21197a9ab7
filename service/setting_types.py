"""Kinds of values in the environment that pydantic does not know; each refusal says what it may be, and none shows what it was."""

import re
from ipaddress import IPv6Address
from typing import Annotated

from pydantic import AfterValidator, SecretStr
from pydantic_core import PydanticCustomError

HOST = re.compile(r"[A-Za-z0-9_.-]{1,253}")
BASE_URL = re.compile(r"https?://[A-Za-z0-9_.:\[\]-]+(/[!-~]*)?")
OPENAI = "https://api.openai.com/v1"


def _host(text: str) -> str:
    if HOST.fullmatch(text) is None:
        try:
            IPv6Address(text)
        except ValueError:
            raise PydanticCustomError("host", "must be a host name or an address, without scheme, port or path") from None
    return text


def _base_url(text: str) -> str:
    if BASE_URL.fullmatch(text) is None or not {"?", "#", "@"}.isdisjoint(text):
        raise PydanticCustomError("base_url", "must be an http:// or https:// address without user, password or query")
    return text.rstrip("/")


def _collection(text: str) -> str:
    if re.fullmatch(r"[^/\x00-\x1f]{1,255}", text) is None:
        raise PydanticCustomError("collection", "must have 1 to 255 characters, and none of them may be a slash or a control character")
    return text


def _word(text: str) -> str:
    if re.fullmatch(r"[!-~]{1,200}", text) is None:
        raise PydanticCustomError("word", "must be one word of at most 200 printable ASCII characters")
    return text


def _header(secret: SecretStr) -> SecretStr:
    """A secret that was read from a file often ends with a line feed, which no header can carry."""
    word = secret.get_secret_value().strip()
    if re.fullmatch(r"[!-~]+", word) is None:
        raise PydanticCustomError("header", "must be one word of printable ASCII characters")
    return SecretStr(word)


CollectionName = Annotated[str, AfterValidator(_collection)]
Word = Annotated[str, AfterValidator(_word)]
Host = Annotated[str, AfterValidator(_host)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
HeaderSecret = Annotated[SecretStr, AfterValidator(_header)]
