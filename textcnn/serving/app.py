"""What the server answers at each path."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import Executor

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import textcnn
from textcnn.errors import InputError
from textcnn.live_page import explained_texts, model_facts, render_page
from textcnn.serving.batcher import Batcher
from textcnn.serving.guard import Guard
from textcnn.serving.limits import Limits
from textcnn.serving.metrics import TEXT_FORMAT, Metrics
from textcnn.serving.openapi import description
from textcnn.serving.request_error import RequestError, shown
from textcnn.serving.requests import ExplainRequest, PredictRequest, TextsRequest, read_request
from textcnn.serving.served import Options, Served

JSON = "application/json"
PATHS = {
    "/": "GET",
    "/predict": "POST",
    "/explain": "POST",
    "/models": "GET",
    "/health": "GET",
    "/metrics": "GET",
    "/openapi.json": "GET",
}


class Answers:
    """The answers of some models to requests."""

    def __init__(
        self,
        models: Sequence[Served],
        limits: Limits,
        metrics: Metrics,
        *,
        predicting: Executor,
        explaining: Executor,
        batch_size: int,
        batch_wait: float,
    ):
        """
        Args:
            models: with different names; the first is the default.
            predicting, explaining: each has one thread, so that a prediction waits for no
                explanation.
            batch_size, batch_wait: as for `Batcher`.
        """
        self.models = {model.name: model for model in models}
        self.default, self.limits, self.metrics = models[0], limits, metrics
        self.explaining = explaining
        self.batchers: dict[str, Batcher[Options]] = {
            model.name: Batcher(
                model.predict, predicting, metrics, batch_size=batch_size, wait=batch_wait
            )
            for model in models
        }

    def chosen(self, request: TextsRequest) -> Served:
        """
        Raises:
            RequestError: there is no such model.
        """
        if request.model is None:
            return self.default
        if request.model not in self.models:
            names = ", ".join(self.models)
            raise RequestError(
                422,
                "no_such_model",
                f"model takes {names}, got {json.dumps(request.model[:100])}; leave it out for "
                f"{self.default.name}",
            )
        return self.models[request.model]

    async def predict(self, http: Request) -> Response:
        request, texts = read_request(PredictRequest, await http.body(), self.limits)
        model = self.chosen(request)
        options = Options(request.top, request.threshold)
        model.check(texts, options)
        answers = await self.batchers[model.name].answers(texts, options)
        return self.reply("/predict", model, "predictions", answers)

    async def explain(self, http: Request) -> Response:
        request, texts = read_request(ExplainRequest, await http.body(), self.limits)
        model = self.chosen(request)
        loop = asyncio.get_running_loop()
        answers = []
        for text in texts:  # one at a time: a thread can't be stopped at the time limit
            answers.append(
                await loop.run_in_executor(self.explaining, explained, model, text, request.classes)
            )
        return self.reply("/explain", model, "explanations", answers)

    def reply(self, path: str, model: Served, name: str, answers: Sequence[str]) -> Response:
        """
        Args:
            answers: JSON, one per text.
        """
        self.metrics.texts.labels(path, model.name).inc(len(answers))
        content = f'{{"model": {json.dumps(model.name)}, "{name}": [{", ".join(answers)}]}}'
        return Response(content.encode(), media_type=JSON)


def explained(model: Served, text: str, classes: int) -> str:
    (found,) = explained_texts(model.classifier, [text], classes=classes)
    return json.dumps(found)


def build_app(
    answers: Answers, metrics: Metrics, limits: Limits, hosts: Collection[str] | None
) -> Starlette:
    """The ASGI application.

    Args:
        hosts: as for `check_host`.
    """
    names = [*answers.models]
    facts = [model_facts(name, model.classifier) for name, model in answers.models.items()]
    health = {"status": "ok", "version": textcnn.__version__, "models": names}

    async def measured(_: Request) -> Response:
        return Response(metrics.text(), media_type=TEXT_FORMAT)

    endpoints = {
        "/": fixed(render_page(), "text/html"),
        "/predict": answers.predict,
        "/explain": answers.explain,
        "/models": fixed(json.dumps({"models": facts})),
        "/health": fixed(json.dumps(health)),
        "/metrics": measured,
        "/openapi.json": fixed(json.dumps(description(limits, names))),
    }
    return Starlette(
        routes=[Route(path, endpoints[path], methods=[method]) for path, method in PATHS.items()],
        middleware=[Middleware(Guard, limits, metrics, paths=PATHS, hosts=hosts)],
        exception_handlers={HTTPException: refuse_path, InputError: refuse_numbers},
    )


def fixed(content: str, media_type: str = JSON) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that always answers the same."""
    encoded = content.encode()

    async def answer(_: Request) -> Response:
        return Response(encoded, media_type=media_type)

    return answer


def refuse_path(http: Request, error: Exception) -> Response:
    """
    Raises:
        RequestError: there is no such path, or it takes another method.
    """
    path = http.url.path
    if path in PATHS:
        allowed = PATHS[path]
        raise RequestError(
            405,
            "wrong_method",
            f"{path} takes {allowed}, got {http.method}",
            headers={"Allow": allowed},
        )
    raise RequestError(404, "no_such_path", f"the paths are {', '.join(PATHS)}, got {shown(path)}")


def refuse_numbers(http: Request, error: Exception) -> Response:
    """
    Raises:
        RequestError: a model computes numbers that are not finite.
    """
    raise RequestError(500, "model_failed", str(error))
