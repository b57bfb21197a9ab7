"""What is done to a text before it is tokenized: the three ways that open_clip's models were trained with."""

import html
import string

import ftfy

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def lower(text: str) -> str:
    """CLIP's: mojibake and HTML entities repaired, white space made single, lower case."""
    return " ".join(_repaired(text).split()).lower()


def canonicalize(text: str) -> str:
    """SigLIP's: the same without ASCII punctuation, the underscore being a space."""
    return " ".join(_repaired(text).replace("_", " ").translate(_NO_PUNCTUATION).lower().split())


def printable(text: str) -> str:
    """As it is, but for halves of surrogate pairs, which JSON may carry and no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _repaired(text: str) -> str:
    return html.unescape(html.unescape(ftfy.fix_text(text)))
