"""The drawing styles and word lists the sample model is made from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """One published set of drawings: an npm package with an SVG body per concept."""

    name: str
    version: str
    licence: str
    author: str
    homepage: str
    coloured: bool = True

    @property
    def package(self) -> str:
        """Name of the npm package that carries the drawings."""
        return f"@iconify-json/{self.name}"


STYLES = (
    Style("noto", "1.2.9", "Apache-2.0", "Google", "https://github.com/googlefonts/noto-emoji"),
    Style("noto-v1", "1.2.5", "Apache-2.0", "Google", "https://github.com/googlefonts/noto-emoji"),
    Style("fxemoji", "1.2.2", "Apache-2.0", "Mozilla", "https://github.com/mozilla/fxemoji"),
    Style("emojione", "1.2.3", "CC-BY-4.0", "EmojiOne", "https://github.com/EmojiTwo/emojitwo"),
    Style(
        "emojione-monotone",
        "1.2.1",
        "CC-BY-4.0",
        "EmojiOne",
        "https://github.com/EmojiTwo/emojitwo",
        coloured=False,
    ),
    Style(
        "fluent-emoji",
        "1.2.7",
        "MIT",
        "Microsoft",
        "https://github.com/microsoft/fluentui-emoji",
    ),
    Style(
        "fluent-emoji-flat",
        "1.2.6",
        "MIT",
        "Microsoft",
        "https://github.com/microsoft/fluentui-emoji",
    ),
    Style(
        "fluent-emoji-high-contrast",
        "1.2.6",
        "MIT",
        "Microsoft",
        "https://github.com/microsoft/fluentui-emoji",
        coloured=False,
    ),
    Style(
        "streamline-emojis",
        "1.2.4",
        "CC-BY-4.0",
        "Streamline",
        "https://github.com/webalys-hq/streamline-vectors",
    ),
)
HELD_OUT = Style("twemoji", "1.2.5", "CC-BY-4.0", "Twitter", "https://github.com/jdecked/twemoji")
WORD_LISTS = {"emojilib": "4.0.3", "unicode-emoji-json": "0.9.0"}


def packages() -> list[str]:
    """Every npm package of the pipeline, pinned as `name@version`."""
    styles = [f"{style.package}@{style.version}" for style in (*STYLES, HELD_OUT)]
    return styles + [f"{name}@{version}" for name, version in WORD_LISTS.items()]
