"""What the server answers to requests, good and bad."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tiny_explained import TEXTS, classifier, network, set_classifier

from textcnn.inference.kinds import AnyClassifier
from textcnn.serving.app import PATHS, Answers, build_app
from textcnn.serving.limits import Limits
from textcnn.serving.metrics import Metrics
from textcnn.serving.openapi import ErrorReply, PredictReply
from textcnn.serving.served import Options, Served, runtime_of

LIMITS = Limits(max_body=2000, max_texts=5, max_characters=100, timeout=20.0, max_queue=3)
HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
ONE, SETS = classifier(network()), set_classifier(network())

JSON = {"content-type": "application/json"}
Serve = Callable[..., TestClient]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start an app with models by name."""
    with ThreadPoolExecutor(1) as predicting, ThreadPoolExecutor(1) as explaining:

        def start(
            limits: Limits = LIMITS,
            hosts: frozenset[str] | None = HOSTS,
            **models: AnyClassifier,
        ) -> TestClient:
            metrics, models = Metrics(), models or {"one": ONE, "sets": SETS}
            answers = Answers(
                [Served(name, each) for name, each in models.items()],
                limits,
                metrics,
                predicting=predicting,
                explaining=explaining,
                batch_size=4,
                batch_wait=0.0,
            )
            app = build_app(answers, metrics, limits, hosts)
            return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)

        yield start


@pytest.fixture
def client(serve: Serve) -> TestClient:
    return serve()


def refusal(response: Any, status: int, code: str) -> str:
    """The line of a refusal, which must have this status and code."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    error = ErrorReply.model_validate_json(response.content)
    assert error.code == code
    assert len(error.error.splitlines()) == 1
    return error.error


def post(client: TestClient, body: bytes | str, path: str = "/predict", **headers: str) -> Any:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(path, content=body, headers=JSON | given)


def test_predictions_are_those_of_the_classifier(client: TestClient) -> None:
    found = client.post("/predict", json={"texts": TEXTS[:5]})
    PredictReply.model_validate_json(found.content, strict=True)
    assert found.json()["model"] == "one"
    for row, prediction in zip(found.json()["predictions"], ONE.predict(TEXTS[:5]), strict=True):
        assert row["label"] == prediction.label
        assert row["probabilities"] == pytest.approx(prediction.probabilities, abs=1e-6)


@pytest.mark.parametrize("kind", ["multi_width", "bag", "lstm", "sets"])
def test_the_runtime_predicts_the_same(serve: Serve, kind: str) -> None:
    own = SETS if kind == "sets" else classifier(network(kind))
    runtime = runtime_of(own, 1, half=False)
    assert (runtime is None) == (kind == "lstm")
    plain, fast = Served("plain", own), Served("fast", own, runtime)
    for each in (plain, fast):
        each.warm()
    options = Options(threshold=None if kind == "sets" else 0.5)
    (expected,), (found,) = (each.predict([(TEXTS, options)]) for each in (plain, fast))
    for one, other in zip(map(json.loads, expected), map(json.loads, found), strict=True):
        assert one.pop("probabilities") == pytest.approx(other.pop("probabilities"), abs=1e-5)
        assert one == other


def test_texts_may_hold_anything(client: TestClient) -> None:
    texts = ["", "\x00\x1b[31m", "<script>\u202e", "😀 \u2028", "\n\t"]
    found = client.post("/predict", content=json.dumps({"texts": texts}), headers=JSON)
    for row, prediction in zip(found.json()["predictions"], ONE.predict(texts), strict=True):
        assert row["label"] == prediction.label
    explained = client.post("/explain", json={"texts": texts})
    assert explained.text.isascii()
    assert [each["text"] for each in explained.json()["explanations"]] == texts


def test_one_text_and_none_are_lists_too(client: TestClient) -> None:
    (row,) = client.post("/predict", json={"text": TEXTS[0]}).json()["predictions"]
    assert row == client.post("/predict", json={"texts": [TEXTS[0]]}).json()["predictions"][0]
    assert client.post("/predict", json={"texts": []}).json()["predictions"] == []


def test_requests_choose_a_model(client: TestClient) -> None:
    found = client.post("/predict", json={"texts": TEXTS[:5], "model": "sets"}).json()
    assert found["model"] == "sets"
    for row, prediction in zip(found["predictions"], SETS.predict(TEXTS[:5]), strict=True):
        assert row["labels"] == prediction.as_json()["labels"]
    said = refusal(
        client.post("/predict", json={"text": "a", "model": "\u202eno"}), 422, "no_such_model"
    )
    assert said == 'model takes one, sets, got "\\u202eno"; leave it out for one'


def test_top_answers_the_most_probable_classes(client: TestClient) -> None:
    reply = client.post("/predict", json={"text": TEXTS[0], "top": 2})
    PredictReply.model_validate_json(reply.content, strict=True)
    (row,) = reply.json()["predictions"]
    (predicted,) = ONE.predict(TEXTS[:1])
    assert [each["label"] for each in row["top"]] == [label for label, _ in predicted.top(2)]
    assert row.keys() == {"label", "top"}
    (row,) = client.post("/predict", json={"text": TEXTS[0], "top": 99}).json()["predictions"]
    assert sum(each["probability"] for each in row["top"]) == pytest.approx(1)


def test_a_threshold_abstains(client: TestClient) -> None:
    largest = max(ONE.predict(TEXTS[:1])[0].probabilities.values())
    for threshold, abstained in ((largest - 0.01, False), (largest + 0.01, True)):
        body = {"text": TEXTS[0], "threshold": threshold}
        (row,) = client.post("/predict", json=body).json()["predictions"]
        assert row["abstained"] is abstained
        assert (row["label"] is None) is abstained
    body = {"text": "a", "threshold": 0.5, "model": "sets"}
    refusal(client.post("/predict", json=body), 422, "no_threshold")


def test_explanations_add_up_and_know_their_characters(client: TestClient) -> None:
    found = client.post("/explain", json={"text": TEXTS[0], "classes": 2}).json()
    (explanation,) = found["explanations"]
    assert len(explanation["logits"]) == 2
    for label, logit in explanation["logits"].items():
        added = sum(each["contribution"] for each in explanation["contributions"][label])
        others = explanation.get("others", {}).get(label, 0.0)
        assert explanation["bias"][label] + added + others == pytest.approx(logit, abs=1e-4)
    for each in explanation["contributions"][label]:
        if each["ngram"]:
            start, end = each["characters"]
            assert TEXTS[0][start:end].split() == each["ngram"].split()


def test_the_other_pages(client: TestClient) -> None:
    assert client.get("/health").json()["status"] == "ok"
    models = client.get("/models").json()["models"]
    assert [each["name"] for each in models] == ["one", "sets"]
    assert models[0]["labels"] == list(ONE.labels)
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for name, value in (
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("content-security-policy", "frame-ancestors 'none'"),
    ):
        assert page.headers[name] == value
    assert "access-control-allow-origin" not in page.headers


def test_openapi_describes_all_paths_and_the_limits(client: TestClient) -> None:
    found = client.get("/openapi.json").json()
    assert {*found["paths"]} | {"/openapi.json"} == {*PATHS}
    assert all({*each} == {PATHS[path].lower()} for path, each in found["paths"].items())
    schemas = found["components"]["schemas"]
    texts, _ = schemas["PredictRequest"]["properties"]["texts"]["anyOf"]
    assert texts["maxItems"] == 5
    assert texts["items"]["maxLength"] == 100
    assert schemas["ExplainRequest"]["properties"]["model"]["anyOf"][0]["enum"] == ["one", "sets"]
    used = {line.split('"')[0] for line in json.dumps(found).split("#/components/schemas/")[1:]}
    assert used <= {*schemas}


def test_metrics_count_requests_texts_and_batches(client: TestClient) -> None:
    client.post("/predict", json={"texts": ["a"] * 5})
    client.post("/predict", json={"texts": 3})
    client.get("/nowhere/<script>")
    client.get("/elsewhere")
    found = client.get("/metrics")
    assert found.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = found.text.splitlines()
    assert 'textcnn_requests_total{path="/predict",status="200"} 1.0' in lines
    assert 'textcnn_requests_total{path="/predict",status="422"} 1.0' in lines
    assert 'textcnn_requests_total{path="other",status="404"} 2.0' in lines
    assert 'textcnn_texts_total{model="one",path="/predict"} 5.0' in lines
    assert "textcnn_batch_texts_count 2.0" in lines  # of at most four texts
    assert "textcnn_waiting_texts 0.0" in lines
    assert "textcnn_requests_in_progress 0.0" in lines
    assert 'textcnn_request_seconds_count{path="/predict"} 2.0' in lines


@pytest.mark.parametrize(
    ("body", "status", "code", "said"),
    [
        (
            "goal",
            400,
            "invalid_json",
            "the body takes JSON in UTF-8, got: expected value at",
        ),
        ("", 400, "invalid_json", "EOF while parsing"),
        ("[" * 1500, 400, "invalid_json", "recursion limit"),
        (b"\xff\xfe{", 400, "invalid_json", 'try {"texts": ["a fine film"]}'),
        (b'{"text": "\xed\xa0\x80"}', 400, "invalid_json", "invalid unicode"),
        (r'{"text": "\ud800"}', 400, "invalid_json", "surrogates come in pairs"),
        (r'{"text": "\ud800x"}', 400, "invalid_json", "surrogates come in pairs"),
        ("[1]", 422, "invalid_request", "the body takes an object, got a list of 1"),
        ("{}", 422, "invalid_request", "takes either text or texts, got neither"),
        ('{"text": "a", "texts": []}', 422, "invalid_request", "got both"),
        ('{"texts": "a"}', 422, "invalid_request", 'texts: input should be a valid array, got "a"'),
        ('{"texts": ["a", null]}', 422, "invalid_request", "texts[1]: input should be a"),
        ('{"text": 5}', 422, "invalid_request", 'got 5; try {"text": "a fine film"}'),
        (
            '{"text": "a", "tp": 1}',
            422,
            "invalid_request",
            'no key "tp"; the keys are text,',
        ),
        ('{"text": "a", "top": 0}', 422, "invalid_request", "greater than or equal to 1, got 0"),
        ('{"text": "a", "top": "2"}', 422, "invalid_request", 'got "2"; try {"top": 3}'),
        ('{"text": "a", "threshold": 2}', 422, "invalid_request", "less than or equal to 1, got 2"),
        ('{"text": "a", "threshold": NaN}', 422, "invalid_request", "threshold: "),
        (json.dumps({"texts": ["a"] * 6}), 422, "too_many_texts", "at most 5 texts, got 6"),
        (json.dumps({"texts": ["a", "b" * 101]}), 422, "text_too_long", "got 101 in text 2 of 2"),
        ("x" * 2001, 413, "body_too_large", "at most 2,000 bytes, got 2001 bytes"),
    ],
)
def test_a_body_that_can_not_be_used_is_refused_with_a_reason(
    client: TestClient, body: str | bytes, status: int, code: str, said: str
) -> None:
    assert said in refusal(post(client, body), status, code)
    assert client.post("/predict", json={"text": "a"}).status_code == 200


def test_a_body_of_unknown_length_is_limited_too(client: TestClient) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(30):
            yield b" " * 100

    response = client.post("/predict", content=parts(), headers=JSON)
    assert "got more than 2,000" in refusal(response, 413, "body_too_large")


def test_only_plain_json_is_taken(client: TestClient) -> None:
    said = refusal(
        post(client, "text=a", content_type="application/x-www-form-urlencoded"),
        415,
        "wrong_content_type",
    )
    assert said.endswith("try the header Content-Type: application/json")
    refusal(client.post("/predict", content="{}"), 415, "wrong_content_type")
    refusal(post(client, b"x", content_encoding="gzip"), 415, "wrong_content_encoding")
    body = json.dumps({"text": "a"})
    assert post(client, body, content_type="Application/JSON; charset=utf-8").status_code == 200


def test_a_wrong_path_or_method_names_the_right_ones(client: TestClient) -> None:
    wrong = client.get("/predict")
    assert refusal(wrong, 405, "wrong_method") == "/predict takes POST, got GET"
    assert wrong.headers["allow"] == "POST"
    assert "/predict, /explain" in refusal(client.post("/predcit"), 404, "no_such_path")


def test_other_names_of_the_host_are_refused(serve: Serve) -> None:
    client = serve()
    for host in ("localhost:8000", "127.0.0.1", "[::1]:80", "LOCALHOST", "news.localhost"):
        assert client.get("/health", headers={"host": host}).status_code == 200
    for host in ("evil.example", "localhost.evil.example:8000", "127.0.0.1.evil.example", ""):
        refusal(client.get("/health", headers={"host": host}), 421, "wrong_host")
    assert serve(hosts=None).get("/health", headers={"host": "any"}).status_code == 200


def test_too_many_probabilities_are_refused(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textcnn.serving.served.MOST_PROBABILITIES", 8)
    body: dict[str, Any] = {"texts": ["a"] * 4}
    said = refusal(client.post("/predict", json=body), 422, "too_many_probabilities")
    assert said.endswith('got 4 texts of 3 classes; try "top": 2')
    assert client.post("/predict", json=body | {"top": 2}).status_code == 200


class Slow:
    """A classifier whose network waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.classifier = classifier(network())
        self.may_go = threading.Event()
        logits = self.classifier.chunk_logits

        def wait(*arguments: Any) -> torch.Tensor:
            self.may_go.wait()
            return logits(*arguments)

        monkeypatch.setattr(self.classifier, "chunk_logits", wait)


def test_an_answer_that_takes_too_long_is_given_up(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    client = serve(replace(LIMITS, timeout=0.05), slow=slow.classifier)
    said = refusal(client.post("/predict", json={"text": "a"}), 504, "answer_too_slow")
    assert said.startswith("an answer takes at most 0.05 s")
    slow.may_go.set()


def test_more_requests_than_the_queue_holds_are_refused_at_once(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    with serve(slow=slow.classifier) as client, ThreadPoolExecutor(3) as senders:
        asked = [senders.submit(client.post, "/predict", json={"text": "a"}) for _ in range(3)]
        while "textcnn_requests_in_progress 3.0" not in client.get("/metrics").text:
            pass
        fourth = client.post("/predict", json={"text": "a"})
        assert "at most 3 requests" in refusal(fourth, 503, "too_busy")
        assert fourth.headers["retry-after"] == "1"
        assert client.get("/health").status_code == 200
        slow.may_go.set()
        assert [each.result().status_code for each in asked] == [200] * 3


def test_a_network_that_is_not_finite_is_an_error_of_the_model(serve: Serve) -> None:
    broken = classifier(network())
    with torch.no_grad():
        broken.model.head.weight.fill_(torch.inf)
    client = serve(broken=broken, one=ONE)
    said = refusal(client.post("/predict", json={"text": "a"}), 500, "model_failed")
    assert "infinite numbers or nan" in said
    assert client.post("/predict", json={"text": "a", "model": "one"}).status_code == 200


def test_a_bug_is_an_error_in_json_and_the_server_goes_on(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = classifier(network())
    monkeypatch.setattr(broken, "decide", lambda logits: 1 / 0)
    client = serve(broken=broken)
    refusal(client.post("/predict", json={"text": "secret"}), 500, "internal_error")
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text  # texts are private
    assert client.get("/health").status_code == 200


HALF = {"type": "http.request", "body": b'{"te', "more_body": True}


async def sent_to(app: Any, *messages: dict[str, Any], stop: bool = False) -> list[Any]:
    """What the app sends to a client that sends these parts of a body of 100 bytes.

    Args:
        stop: the server stops while the client sends.
    """
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/predict"}
    scope |= {"headers": [*headers, (b"content-length", b"100")]}
    scope |= {"query_string": b"", "root_path": ""}
    left, sent = iter(messages), []

    async def receive() -> dict[str, Any]:
        try:
            return next(left)
        except StopIteration:
            return await asyncio.Future()

    async def send(message: Any) -> None:
        sent.append(message)

    answering = asyncio.create_task(app(scope, receive, send))
    if stop:
        await asyncio.sleep(0)
        answering.cancel()
    await answering
    return sent


def test_a_request_that_stops_half_way_gets_an_answer_or_none(serve: Serve) -> None:
    """A client that goes away, and one that sends no more."""
    app = serve(replace(LIMITS, timeout=0.05)).app
    assert asyncio.run(sent_to(app, HALF, {"type": "http.disconnect"})) == []
    start, *_ = asyncio.run(sent_to(app, HALF))
    assert start["status"] == 408
    assert (b"connection", b"close") in start["headers"]


def test_a_request_that_has_not_arrived_when_the_server_must_stop_is_refused(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    start, body, _ = asyncio.run(sent_to(serve().app, HALF, stop=True))
    assert start["status"] == 503
    assert json.loads(body["body"])["code"] == "stopping"
    assert not caplog.text


@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=100).map(lambda text: json.dumps({"text": text})),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["text", "texts", "top", "model", "threshold", "x"]), inner
                )
            ),
        ).map(json.dumps),
    )
)
def test_any_body_gets_an_answer(body: bytes | str) -> None:
    with ThreadPoolExecutor(1) as thread:
        metrics = Metrics()
        answers = Answers(
            [Served("one", ONE)],
            LIMITS,
            metrics,
            predicting=thread,
            explaining=thread,
            batch_size=4,
            batch_wait=0.0,
        )
        client = TestClient(build_app(answers, metrics, LIMITS, None))
        found = post(client, body)
    assert found.status_code in (200, 400, 422)
    assert "error" in found.json() or "predictions" in found.json()
