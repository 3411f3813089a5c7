"""The description of the server in OpenAPI, for programs that write clients."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

import textcnn
from textcnn.serving.limits import Limits
from textcnn.serving.requests import ExplainRequest, PredictRequest

SCHEMAS = "#/components/schemas/"
REFUSED = {
    400: "The body is no JSON.",
    408: "The request took longer than the time limit to arrive.",
    413: "The body is too large.",
    415: "The body is not announced as plain application/json.",
    421: "The header Host holds a name that this server doesn't take.",
    422: "The body lacks something, holds something else, or exceeds a limit.",
    500: "The model or the server failed.",
    503: "Too many requests are in progress; try again after the header Retry-After.",
    504: "The answer took longer than the time limit.",
}


class ErrorReply(BaseModel):
    error: str = Field(description="In one line what is accepted, what was given, and a fix.")
    code: str = Field(description="The kind of error, such as too_many_texts.")


class Probability(BaseModel):
    label: str
    probability: float


class PredictionReply(BaseModel):
    """Models of one class per text answer `label`, models of label sets `labels`."""

    label: str | None = Field(None, description="The class; null below the threshold.")
    labels: list[str] | None = Field(None, description="The predicted labels.")
    abstained: bool | None = Field(None, description="Only with a threshold.")
    probabilities: dict[str, float] | None = Field(
        None, description="By class, calibrated; not with top."
    )
    top: list[Probability] | None = Field(
        None, description="Only with top: the most probable classes, the most probable first."
    )


class PredictReply(BaseModel):
    model: str
    predictions: list[PredictionReply] = Field(description="In the order of the texts.")


class ExplainReply(BaseModel):
    model: str
    explanations: list[dict[str, Any]] = Field(
        description="In the order of the texts. For each explained class, the logit is bias plus "
        "contributions plus others plus rest; exact says whether rest is 0. characters and spans "
        "are places in the text, in code points."
    )


class ModelsReply(BaseModel):
    models: list[dict[str, Any]] = Field(description="The first is the default.")


class HealthReply(BaseModel):
    status: str = Field(description="ok")
    version: str = Field(description="Of textcnn.")
    models: list[str]


def description(limits: Limits, names: Sequence[str]) -> dict[str, Any]:
    """
    Args:
        names: of the models.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "textcnn",
            "version": textcnn.__version__,
            "description": f"Text classifiers: {', '.join(names)}.",
        },
        "paths": {
            "/predict": {
                "post": posted("predict", "Classify texts.", PredictRequest, PredictReply)
            },
            "/explain": {
                "post": posted(
                    "explain", "What each n-gram adds to the logits.", ExplainRequest, ExplainReply
                )
            },
            "/models": {"get": got("models", "The models and what they do.", ModelsReply)},
            "/health": {"get": got("health", "Whether the server runs.", HealthReply)},
            "/metrics": {
                "get": plain("metrics", "Metrics in Prometheus' text format.", "text/plain")
            },
            "/": {"get": plain("page", "The live page.", "text/html")},
        },
        "components": {"schemas": schemas(limits, names)},
    }


def schemas(limits: Limits, names: Sequence[str]) -> dict[str, Any]:
    """The schemas of all bodies, with the limits of this server."""
    requests = [PredictRequest, ExplainRequest]
    replies = [PredictReply, ExplainReply, ModelsReply, HealthReply, ErrorReply]
    kinds: Any = [
        *((each, "validation") for each in requests),
        *((each, "serialization") for each in replies),
    ]
    _, found = models_json_schema(kinds, ref_template=SCHEMAS + "{model}")
    defined: dict[str, Any] = found["$defs"]
    text = {"type": "string", "maxLength": limits.max_characters}
    texts = {"type": "array", "items": text, "maxItems": limits.max_texts}
    model = {"type": "string", "enum": [*names]}
    for each in requests:
        properties = defined[each.__name__]["properties"]
        for name, schema in (("text", text), ("texts", texts), ("model", model)):
            properties[name]["anyOf"] = [schema, {"type": "null"}]
        defined[each.__name__]["additionalProperties"] = False
        defined[each.__name__]["oneOf"] = [{"required": ["text"]}, {"required": ["texts"]}]
    return defined


def posted(
    name: str, summary: str, request: type[BaseModel], reply: type[BaseModel]
) -> dict[str, Any]:
    """An operation that takes a body."""
    return {
        "operationId": name,
        "summary": summary,
        "requestBody": {"required": True, "content": json_of(request)},
        "responses": {"200": {"description": "The answers.", "content": json_of(reply)}}
        | {
            str(status): {"description": reason, "content": json_of(ErrorReply)}
            for status, reason in REFUSED.items()
        },
    }


def got(name: str, summary: str, reply: type[BaseModel]) -> dict[str, Any]:
    answer = {"200": {"description": summary, "content": json_of(reply)}}
    return {"operationId": name, "summary": summary, "responses": answer}


def plain(name: str, summary: str, media_type: str) -> dict[str, Any]:
    content = {media_type: {"schema": {"type": "string"}}}
    answer = {"200": {"description": summary, "content": content}}
    return {"operationId": name, "summary": summary, "responses": answer}


def json_of(kind: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": SCHEMAS + kind.__name__}}}
