"""CLIP's vocabulary as a tokenizer of the `tokenizers` library: byte-level BPE over words, digits and punctuation.

The merges are those of `bpe_simple_vocab_16e6.txt.gz`, which open_clip installs. Two things are not what a first attempt
would write, and make the result equal to open_clip's on any text:

- `<start_of_text>` and `<end_of_text>` typed by a person become the special ids only where a word can begin: after a comma
  they are punctuation and letters. So they are no "added tokens", which are cut out of a text first, but words with merges of
  their own, of a lower rank than all others. No other word holds both `<` and a letter, so these merges change nothing else.
- The pattern is compiled without regard to case. After lower-casing this matters for two characters: the long s counts as an
  s, and U+0345, which folds to a letter without being one, belongs to no class and vanishes.

Letters are those of the Unicode version that `tokenizers` was built with; open_clip's depend on its `regex` package.
"""

import gzip
import importlib.util
import zlib
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, pre_tokenizers

from searchindex.errors import ModelUnavailable

START_OF_TEXT = 49406
END_OF_TEXT = 49407
_MERGES = 49152 - 256 - 2
_END = "</w>"
_SPECIAL = ("<start_of_text>", "<end_of_text>")
_WORDS = r"<[sſ]tart_of_text>|<end_of_text>|'[sſ]|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}\x{345}]+"

Merges = list[tuple[str, str]]


def installed_merges() -> Path:
    """The list of merges that open_clip brings, found without importing it, which would take torch. Else ModelUnavailable."""
    spec = importlib.util.find_spec("open_clip")
    if spec is None or spec.origin is None:
        raise ModelUnavailable(
            "open_clip, which brings CLIP's vocabulary, is not installed.", hint="Run: pip install --no-deps open_clip_torch"
        )
    return Path(spec.origin).with_name("bpe_simple_vocab_16e6.txt.gz")


def clip_tokenizer(merges_file: Path) -> Tokenizer:
    """From the gzipped list of merges; texts must have been cleaned. ModelUnavailable where the file cannot be read."""
    try:
        lines = gzip.decompress(merges_file.read_bytes()).decode("utf-8").split("\n")
        merges = [_pair(line) for line in lines[1 : _MERGES + 1]]
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ModelUnavailable(f"CLIP's vocabulary {merges_file.name} cannot be read.", hint="Reinstall open_clip_torch.") from error
    alphabet = _alphabet()
    words = [*alphabet, *(char + _END for char in alphabet), *(left + right for left, right in merges)]
    vocabulary = {word: number for number, word in enumerate(words)}
    for special in _SPECIAL:
        vocabulary[special + _END] = len(vocabulary)
    return _build(vocabulary, merges + _special_merges(vocabulary, merges))


def _pair(line: str) -> tuple[str, str]:
    left, right = line.split()
    return left, right


def _alphabet() -> list[str]:
    """A printable character for each byte, in the order of CLIP's ids: those that print as themselves come first."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [*map(chr, plain), *(chr(0x100 + number) for number in range(256 - len(plain)))]


def _build(vocabulary: dict[str, int], merges: Merges) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, end_of_word_suffix=_END))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return tokenizer


def _special_merges(vocabulary: dict[str, int], merges: Merges) -> Merges:
    """What joins the pieces that a special token falls into; its steps get ids after all others, which no text ever has."""
    plain = _build(vocabulary, merges)
    added: Merges = []
    for special in _SPECIAL:
        whole, *rest = plain.encode(special, add_special_tokens=False).tokens
        for piece in rest:
            added.append((whole, piece))
            whole += piece
            vocabulary.setdefault(whole, len(vocabulary))
    return added
