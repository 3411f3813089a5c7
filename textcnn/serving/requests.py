"""The bodies of requests, and how they are read."""

import json
from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from textcnn.serving.limits import Limits
from textcnn.serving.request_error import RequestError, shown

EXAMPLE = '{"texts": ["a fine film"]}'
TRY_EXAMPLE = f"try {EXAMPLE}"


class TextsRequest(BaseModel):
    """Give either `text` or `texts`."""

    # `read_request` refuses other keys: pydantic would make an error of each, of which a body may
    # hold a million
    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)

    text: str | None = Field(None, description="One text.", examples=["a fine film"])
    texts: list[str] | None = Field(
        None, fail_fast=True, description="Several texts.", examples=[["a fine film"]]
    )
    model: str | None = Field(
        None,
        description="A name that `GET /models` lists; the first is the default.",
        examples=["news"],
    )

    def given(self) -> list[str]:
        """
        Raises:
            RequestError: neither or both of `text` and `texts` are given.
        """
        if (self.text is None) == (self.texts is None):
            got = "neither" if self.text is None else "both"
            raise invalid(f"the body takes either text or texts, got {got}; {TRY_EXAMPLE}")
        return [self.text] if self.texts is None and self.text is not None else self.texts or []


class PredictRequest(TextsRequest):
    top: int | None = Field(
        None,
        ge=1,
        examples=[3],
        description="The probabilities of this many classes only, the most probable first; "
        "null: of all.",
    )
    threshold: float | None = Field(
        None,
        ge=0,
        le=1,
        examples=[0.8],
        description="Answer only texts whose most probable class has at least this probability; "
        "others get the label null and abstained true. Not for models of label sets.",
    )


class ExplainRequest(TextsRequest):
    classes: int = Field(
        5,
        ge=1,
        examples=[5],
        description="How many classes are explained: those predicted, then the most probable.",
    )


Request = TypeVar("Request", bound=TextsRequest)


def read_request(kind: type[Request], body: bytes, limits: Limits) -> tuple[Request, list[str]]:
    """The request in a body, and its texts.

    Raises:
        RequestError: the body is no JSON, lacks something, holds something else, or exceeds a
            limit.
    """
    try:
        request = kind.model_validate_json(body)
    except ValidationError as error:
        raise unreadable(error, kind) from None
    for name in request.model_extra or ():
        raise invalid(f"there is no key {shown(name)}; the keys are {', '.join(kind.model_fields)}")
    texts = request.given()
    check_sizes(texts, limits)
    return request, texts


def check_sizes(texts: Sequence[str], limits: Limits) -> None:
    if len(texts) > limits.max_texts:
        raise RequestError(
            422,
            "too_many_texts",
            f"texts takes at most {limits.max_texts:,} texts, got {len(texts):,}; send them in "
            "several requests",
        )
    longest = max(map(len, texts), default=0)
    if longest > limits.max_characters:
        place = next(index for index, text in enumerate(texts) if len(text) == longest)
        raise RequestError(
            422,
            "text_too_long",
            f"a text takes at most {limits.max_characters:,} characters, got {longest:,} in text "
            f"{place + 1} of {len(texts)}; shorten it",
        )


def unreadable(error: ValidationError, kind: type[TextsRequest]) -> RequestError:
    """The first problem of a body, in one line."""
    first = error.errors(include_url=False)[0]
    if first["type"] == "json_invalid":
        reason = first["ctx"]["error"]
        if "hex escape" in reason or "surrogate" in reason:
            reason += " (\\u takes four hexadecimal digits, and surrogates come in pairs)"
        return RequestError(
            400, "invalid_json", f"the body takes JSON in UTF-8, got: {reason}; {TRY_EXAMPLE}"
        )
    got = shown(first["input"])
    if not first["loc"]:
        return invalid(f"the body takes an object, got {got}; {TRY_EXAMPLE}")
    where = place_of(first["loc"])
    takes = first["msg"][0].lower() + first["msg"][1:]
    name = str(first["loc"][0])
    example = json.dumps((kind.model_fields[name].examples or [None])[0])
    return invalid(f"{where}: {takes}, got {got}; try {{{json.dumps(name)}: {example}}}")


def place_of(keys: Sequence[str | int]) -> str:
    """`texts[3]`"""
    first, *others = keys
    return shown(first)[1:-1] + "".join(f"[{each}]" for each in others if isinstance(each, int))


def invalid(message: str) -> RequestError:
    return RequestError(422, "invalid_request", message)
