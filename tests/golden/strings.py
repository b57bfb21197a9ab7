"""Ten thousand texts of every kind that people and machines type, the same in every run."""

import random
import sys
import unicodedata

_WORDS = """
a photo of the cat dog bicycle sunset mountain IT'S don't we'll they've I'm he'd you're rock'n'roll 'tis naïve café
über straße Ελλάδα Москва öğrenci mañana crème_brûlée well-known e-mail 3d 4k 1920x1080 50% $9.99 C++ #tag @name &amp;
&lt;b&gt; &amp;amp; &#39; &eacute; &nbsp; <b>bold</b> http://example.org/?q=1&p=2 schÃ¶n â€œquotedâ€ ﬁne ½ ² Ⅷ ...!!!
<start_of_text> <end_of_text> <END_OF_TEXT> x<end_of_text> !<end_of_text> <|endoftext|> </w> it'ſ <ſtart_of_text>
""".split()  # noqa: SIM905 # read as prose
_BLOCKS = (
    (0x20, 0x7E),  # ASCII
    (0x00, 0x1F),  # control characters
    (0x7F, 0xFF),  # Latin-1
    (0x100, 0x24F),  # Latin Extended
    (0x300, 0x36F),  # combining marks, U+0345 among them
    (0x370, 0x3FF),  # Greek
    (0x400, 0x4FF),  # Cyrillic
    (0x590, 0x6FF),  # Hebrew and Arabic
    (0x900, 0x97F),  # Devanagari
    (0xE00, 0xE7F),  # Thai
    (0x2000, 0x206F),  # spaces, directions, punctuation
    (0x2100, 0x218F),  # letter-like, Roman numerals
    (0x3040, 0x30FF),  # kana
    (0x4E00, 0x4FFF),  # CJK
    (0xAC00, 0xADFF),  # Hangul
    (0xFB00, 0xFB4F),  # ligatures
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFF00, 0xFFEF),  # full width
    (0x1D400, 0x1D4FF),  # mathematical letters
    (0x1F300, 0x1F6FF),  # emoji
)


def strings(count: int = 10_000, *, seed: int = 20) -> list[str]:
    """The first few are the edges; the others mix words and characters, from empty to thousands of tokens long."""
    chance = random.Random(seed)
    edges = ["", " ", "\n\t", "\0", "a", "🌸" * 200, "word " * 500, "x" * 300, "é" * 150, "<end_of_text>", "\u0345", "a\u0345b", "\ud800"]
    return edges + [_text(chance) for _ in range(count - len(edges))]


def _text(chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.4:
        return " ".join(chance.choice(_WORDS) for _ in range(chance.randint(0, 12)))
    if kind < 0.6:
        first, last = chance.choice(_BLOCKS)
        return "".join(chr(chance.randint(first, last)) for _ in range(chance.randint(1, 40)))
    if kind < 0.8:
        return "".join(_character(chance) for _ in range(chance.randint(1, 30)))
    if kind < 0.97:
        return "".join(chance.choice((chance.choice(_WORDS), _character(chance), " ")) for _ in range(chance.randint(1, 25)))
    return "".join(chance.choice((chance.choice(_WORDS), _character(chance))) + chance.choice(("", " ")) for _ in range(200))


def _character(chance: random.Random) -> str:
    """Any character that was assigned in Unicode 14: newer ones are letters to one library and not yet to another."""
    if chance.random() < 0.7:
        first, last = chance.choice(_BLOCKS)
        return chr(chance.randint(first, last))
    while True:
        char = chr(chance.randint(0, sys.maxunicode))
        if unicodedata.category(char) not in ("Cn", "Cs", "Co"):
            return char
