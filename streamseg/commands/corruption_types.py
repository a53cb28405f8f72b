"""What the text of `--corruptions` and `--strengths` may be."""

import click


class Kinds(click.ParamType[list[str]]):
    """Kinds of corruption with commas between, "all", or "unseen"."""

    name = "a,b"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        from streamseg.evaluation.corruptions import CORRUPTIONS, UNSEEN

        names = [name.strip() for name in str(value).split(",")]
        groups = {"all": list(CORRUPTIONS), "unseen": list(UNSEEN)} | {name: [name] for name in CORRUPTIONS}
        for name in names:
            if name not in groups:
                self.fail(
                    f"{name!r} is none of {', '.join(groups)}; write DATA before a bare --corruptions", param, ctx
                )
        return list(dict.fromkeys(kind for name in names for kind in groups[name]))


class Strengths(click.ParamType[list[int]]):
    """Strengths from 1 to 5 with commas between."""

    name = "1,3"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> list[int]:
        texts = [text.strip() for text in str(value).split(",")]
        if not set(texts) <= set("12345"):
            self.fail(f"{value!r} is no list of strengths; use 1 to 5 with commas between, like 1,3", param, ctx)
        return sorted({int(text) for text in texts})
