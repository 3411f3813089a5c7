"""The live page in a real browser: it predicts as Python does, and shows why."""

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import regex
import torch
from random_classifiers import random_classifier
from tiny_exports import TEXTS, classifier_of, ngrams_of, with_vectors
from tiny_models import build

from textcnn.data.sources.bundled import read_bundled
from textcnn.explanation.explanation import Explanation
from textcnn.exporting.html_export import page_model
from textcnn.exporting.subject import Named, Options
from textcnn.inference import AnyClassifier
from textcnn.live_page import explained_texts, model_facts, render_page
from textcnn.live_page.embedded import WORD_TOKENIZERS, javascript_settings, unicode_data
from textcnn.models.ensemble import Ensemble
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.runtime import load
from textcnn.runtime.calibration import Calibration
from textcnn.text.tokenizers import build_tokenizer

if TYPE_CHECKING:
    from browser import OpenPage
    from playwright.sync_api import Page

pytest_plugins = ["browser"]

SENTENCE = "The bank sold shares, and the film won an award at the festival."
# Scripts, digits, signs and white space of many kinds, and what word boundaries look at.
LETTERS = (
    *("abc XYZ 012 .,:;'\"!?()<br />\t\n\x1c\x85\u200b_-", "ΣσςİIıßﬁéèñç·’“”«»–—…"),
    *("今日は天気カタカナーｶﾅ", "สวัสดีครับ", "안녕하세요", "हिन्दीक्ष", "العَرَبِيَّة", "עִבְרִית", "Привет"),
    *("🇩🇪🇫🇷👩\u200d👩\u200d👧🏽❤\ufe0f©Ⓜ", "\u0301\u0308\u200d\u202e\ufdd0\ufdd1\ufdd2\ud83d"),
)
# What each model of the page says of texts, with explanations or without.
ANSWERS = """async ([given, explained]) => {
  const engine = buildEngine();
  await engine.models();
  const answers = {};
  for (const [name, model] of engine.known) {
    answers[name] = JSON.parse(given).map((text) => {
      const { logits } = model.forward(model.read(text));
      const explanation = explained && model.explain(text, logits.length);
      return { logits, ...model.decide(logits), ...explanation };
    });
  }
  return JSON.stringify(answers);
}"""
# Fill in any text: what Playwright types holds no half of a surrogate pair.
FILL = """(text) => {
  document.getElementById("text").value = JSON.parse(text);
  document.getElementById("text").dispatchEvent(new Event("input"));
}"""
TOKENS = """([settings, tables, given]) => {
  const { prepare, split } = buildTokenizer(settings, JSON.parse(tables));
  return JSON.stringify(JSON.parse(given).map((text) => split(prepare(text))));
}"""


def made_up(count: int, seed: int = 0) -> list[str]:
    """Texts of random letters of all scripts; halves of surrogate pairs never meet."""
    draw = random.Random(seed)
    texts = []
    for _ in range(count):
        letters = (draw.choice(draw.choice(LETTERS)) for _ in range(draw.randint(0, 60)))
        texts.append("".join(letters))
    return texts


@pytest.fixture(scope="module")
def news() -> list[str]:
    return [str(text) for text in read_bundled()["text"].to_pylist()]


@pytest.fixture(scope="module")
def classifiers(news: list[str]) -> dict[str, AnyClassifier]:
    """A CNN with n-grams and subwords beside it, and a bag of words."""
    cnn = random_classifier(news[::10], name="multi_width", kernel_sizes=(1, 2, 3), num_filters=8)
    return {"cnn": cnn, "bag": random_classifier(news[::10], name="bag", pooling="mean")}


@pytest.fixture(scope="module")
def page_file(
    classifiers: dict[str, AnyClassifier], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    file = tmp_path_factory.mktemp("page") / "news.html"
    cnn, bag = classifiers.values()
    cnn.export(file, format="html", name="cnn", beside={"bag": bag})
    return file


@pytest.fixture(scope="module")
def any_page(open_pages: "OpenPage", page_file: Path) -> "Page":
    """One window for all tests that leave no traces in it."""
    return open_pages(page_file)


def answers(page: "Page", texts: list[str], explained: bool = False) -> dict[str, Any]:
    return dict(json.loads(page.evaluate(ANSWERS, [json.dumps(texts), explained])))


def percents(page: "Page", column: str = "now") -> list[list[str]]:
    """The probabilities that each panel shows."""
    panels = page.locator(".panel").all()
    return [panel.locator(f".value.{column} .percent").all_inner_texts() for panel in panels]


def type_text(page: "Page", text: str) -> None:
    """Fill in a text, and wait for the answer."""
    page.fill("#text", text)
    settle(page)


def settle(page: "Page") -> None:
    """Wait until all that follows from the last event is shown: promises and timers of 0."""
    page.evaluate("new Promise((done) => setTimeout(done, 0))")


def test_the_page_predicts_as_python_does(
    open_page: "OpenPage",
    page_file: Path,
    classifiers: dict[str, AnyClassifier],
    news: list[str],
    tmp_path: Path,
) -> None:
    texts = [*(text[:300] for text in news[::3]), *made_up(260)]
    assert len(texts) >= 1000
    found = answers(open_page(page_file), texts)
    for name, classifier in classifiers.items():
        classifier.export(tmp_path / name, dtype="int8")
        expected = load(tmp_path / name).predict(texts)
        chosen = [classifier.labels[each["chosen"][0]] for each in found[name]]
        assert chosen == [each.label for each in expected]
        assert len(set(chosen)) > 2
        np.testing.assert_allclose(
            [each["probabilities"] for each in found[name]],
            [list(each.probabilities.values()) for each in expected],
            atol=1e-5,
        )


def varied_classifiers() -> dict[str, AnyClassifier]:
    """One of each kind of layer that an export holds, with random weights."""
    settings: list[tuple[str, dict[str, Any]]] = [
        *(("multi_width", {"padding": each}) for each in ("reflect", "replicate", "circular")),
        *(("multi_width", {"padding": each}) for each in ("zeros", "full", "causal")),
        *(("multi_width", {"pooling": each}) for each in ("kmax", "chunk_max", "mean", "sum")),
        *(("multi_width", {"pooling": each}) for each in ("attention", "flatten")),
        *(("multi_width", {"activation": each}) for each in ("tanh", "elu", "leaky_relu", "none")),
        ("multi_width", {"activation": "gelu", "pooling": "mean"}),
        *(("multi_width", {"embedding": each}) for each in ("multichannel", "onehot")),
        ("multi_width", {"hidden_sizes": (5, 4)}),
        ("multi_width", {"pooled_normalization": True, "response_normalization": True}),
        *((each, {}) for each in ("multi_width, wide", "onehot_cnn", "onehot_cnn, bow", "bag")),
    ]
    found = {f"{name} {own}": classifier_of(build(name, **own)) for name, own in settings}
    for scaling in ("naive_bayes", "tf_idf"):
        found[f"3-grams, {scaling}"] = classifier_of(ngrams_of(3, scaling))
    for embedding in ("static", "multichannel"):
        found[f"subwords, {embedding}"] = classifier_of(with_vectors(embedding), subwords=True)
    beside = WithNgrams(build("multi_width"), ngrams_of(3, subwords=True))
    beside.weights.copy_(torch.tensor([0.5, 2.0]))
    warm = Calibration(1.5, texts=100)
    found["beside"] = classifier_of(beside, subwords=True, calibration=warm)
    for sets in (False, True):
        members = [build("multi_width"), build("multi_width")]
        with torch.no_grad():
            members[1].head.weight.neg_()
        limits = [0.3, 0.5, 0.6] if sets else None
        ensemble = Ensemble(members, multi_label=sets)
        found[f"members, {sets}"] = classifier_of(ensemble, thresholds=limits)
    scaled = Calibration(1.0, (2.0, 0.5, 1.0), (0.1, -0.3, 0.0), texts=9)
    found["sets"] = classifier_of(
        ngrams_of(2, subwords=True, sets=True),
        subwords=True,
        thresholds=[0.3, 0.5, 0.6],
        calibration=scaled,
    )
    return found


def test_every_layer_gives_the_same_answers_and_contributions(
    open_page: "OpenPage", tmp_path: Path
) -> None:
    texts = [text for text in TEXTS if len(text) < 200]  # long ones repeat equal windows: ties
    native = varied_classifiers()
    options = Options(dtype="float32")
    models = [page_model(Named(name, each), options)[0] for name, each in native.items()]
    file = tmp_path / "page.html"
    file.write_text(render_page(models), encoding="utf-8")
    found = answers(open_page(file), texts, explained=True)
    for name, classifier in native.items():
        logits = [each["logits"] for each in found[name]]
        expected = classifier.logits(texts).numpy()
        np.testing.assert_allclose(logits, expected, atol=1e-4, err_msg=name)
        pairs = zip(found[name], classifier.explain(texts, classes=None), strict=True)
        for ours, theirs in pairs:
            assert_same_explanation(ours, theirs, classifier.labels)


def assert_same_explanation(
    ours: dict[str, Any], theirs: Explanation, labels: Sequence[str]
) -> None:
    assert {labels[label] for label in ours["chosen"]} == set(theirs.predicted)
    probabilities = dict(zip(labels, ours["probabilities"], strict=True))
    assert probabilities == pytest.approx(theirs.prediction.probabilities, abs=1e-5)
    assert ours["tokens"] == list(theirs.tokens)
    assert ours["spans"] == [None if span is None else list(span) for span in theirs.spans]
    for own in ours["classes"]:
        label = labels[own["label"]]
        assert own["bias"] == pytest.approx(theirs.bias[label], abs=1e-4)
        spread: defaultdict[Any, float] = defaultdict(float)
        for each in own["contributions"]:
            places = tuple(map(tuple, each["places"]))
            spread[each["ngram"], places, each["source"]] += each["contribution"]
        for one in theirs.contributions[label]:
            spread[one.ngram, one.places, one.source] -= one.contribution
        assert max(map(abs, spread.values()), default=0) < 1e-4


@pytest.mark.parametrize(
    "settings",
    [
        *({"unit": "word", "tokenizer": name} for name in WORD_TOKENIZERS),
        {"unit": "word", "tokenizer": "unicode", "normalize": "NFC", "strip_accents": True},
        {"unit": "word", "tokenizer": "basic", "strip_accents": True},
        {"unit": "word", "tokenizer": "whitespace", "normalize": "NFKC", "lowercase": True},
        {"unit": "char", "alphabet": "learned", "lowercase": True},
        {"unit": "char", "alphabet": "learned", "lowercase": False, "strip_accents": True},
        {"unit": "byte"},
    ],
    ids=lambda settings: "-".join(map(str, settings.values())),
)
def test_javascript_makes_the_tokens_that_python_makes(
    any_page: "Page", settings: dict[str, Any]
) -> None:
    tokenizer = build_tokenizer(**settings)
    texts = [*made_up(300, seed=1), "🇩🇪" * 40 + "\u0301x", "It's 3.14 <BR />I.B.M. don't", ""]
    given = [javascript_settings(tokenizer), json.dumps(unicode_data()), json.dumps(texts)]
    found = json.loads(any_page.evaluate(TOKENS, given))
    assert found == [list(tokenizer(text)) for text in texts]


def test_every_keystroke_is_classified_and_explained(any_page: "Page") -> None:
    page = any_page
    type_text(page, "")
    shown = [percents(page)]
    page.focus("#text")
    for key in "film award":
        page.keyboard.press(key if key != " " else "Space")
        settle(page)
        shown.append(percents(page))
    assert shown[4] != shown[0]
    assert shown[-1] != shown[4]
    panel = page.locator(".panel").first
    assert panel.locator(".text").inner_text() == "film award"
    assert panel.locator(".text .token").all_inner_texts() == ["film", "award"]
    numbers = panel.locator("tbody .number, tfoot .number").all_inner_texts()
    *parts, total = (float(number.replace("−", "-")) for number in numbers)
    assert sum(parts) == pytest.approx(total, abs=0.001 * len(parts))


def test_changed_texts_are_compared_with_the_text_before(any_page: "Page") -> None:
    """A bag of words doesn't see an order; a CNN does."""
    page = any_page
    type_text(page, SENTENCE)
    before = percents(page)
    page.click("text=Shuffle")
    settle(page)
    changed = page.input_value("#text")
    assert changed != SENTENCE
    assert sorted(changed.split()) == sorted(SENTENCE.split())
    assert percents(page, "before") == before
    cnn, bag = percents(page)
    assert bag == before[1]
    assert cnn != before[0]
    page.click("text=Repeat")
    settle(page)
    assert page.input_value("#text") == f"{changed} {changed}"
    assert percents(page)[1] == before[1]  # a mean over twice the words
    page.click("text=Undo")
    assert page.input_value("#text") == changed
    page.click("text=Reset")
    settle(page)
    assert page.input_value("#text") == SENTENCE
    assert percents(page) == before
    assert page.locator(".before:visible").count() == 0


@pytest.mark.parametrize(
    ("button", "expected"),
    [
        ("Repeat", "a b c a b c"),
        ("Cut", "a b"),
        ("Pad", "_ _ _ _ _ _ _ _ _ _ a b c"),
        ("Move", "c a b"),
    ],
)
def test_buttons_change_the_text(any_page: "Page", button: str, expected: str) -> None:
    type_text(any_page, "a  b\nc")
    any_page.click(f"#variants >> text={button}")
    assert any_page.input_value("#text") == expected
    any_page.click("text=Keep")
    assert any_page.locator("#undo").is_disabled()


HOSTILE = [
    "<img src=x onerror=alert(1)> </script><script>alert(2)</script> &lt;b&gt;",
    "half \ud83d of a pair \udc00 and \u202egnp.exe \u0000 \u2028",
    "e\u0301\u0301\u0301 👩\u200d👩\u200d👧🏽 🇩🇪🇫🇷 ﷽ \u0e33\u0e33 \ufdd0",
    "film award " * 9091,  # 100,000 characters
    "x" * 100_000,
    "\n\t \u200b\u00a0",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_shown_as_text(any_page: "Page", text: str) -> None:
    page = any_page
    page.evaluate(FILL, json.dumps(text))
    settle(page)
    page.locator("#spoken:not(:empty)").wait_for(state="attached")
    assert page.locator(".panel img, .panel script, .panel b:not([class]):visible").count() <= 2
    assert page.locator("#problem").is_hidden()
    shown = page.locator(".panel .text").first.text_content() or ""
    assert "\u202e" not in shown
    if text.startswith("<img"):
        assert shown == text


def test_the_cursor_shows_what_the_winning_windows_see(any_page: "Page") -> None:
    page = any_page
    type_text(page, SENTENCE)
    cnn, bag = page.locator(".panel").all()
    page.focus("#text")
    page.keyboard.press("Home")
    for _ in range(len("The ba")):
        page.keyboard.press("ArrowRight")
    settle(page)
    assert cnn.locator(".token.at").inner_text() == "bank"
    assert "bank is seen by" in cnn.locator(".field").inner_text()
    seen = cnn.locator(".token.seen").all_inner_texts()
    assert set(seen) <= {"The", "bank", "sold", "shares"}  # windows have at most 3 tokens
    assert bag.locator(".token.at").inner_text() == "bank"
    cnn.locator(".text .token", has_text="festival").hover()
    assert cnn.locator(".token.at").inner_text() == "festival"
    cnn.locator(".text").focus()
    page.keyboard.press("ArrowLeft")
    assert cnn.locator(".token.at").inner_text() == "the"


def test_everything_can_be_done_by_keyboard(any_page: "Page") -> None:
    page = any_page
    type_text(page, SENTENCE)
    page.focus("#second")
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.id || document.activeElement.innerText")
        )
    assert reached[:6] == ["text", "Shuffle", "Repeat", "Cut", "Pad", "Move"]
    page.focus("#variants button")
    page.keyboard.press("Enter")
    settle(page)
    assert page.input_value("#text") != SENTENCE
    page.focus(".panel input:checked")
    first = page.locator(".panel .chosen").first.inner_text()
    page.keyboard.press("ArrowDown")
    settle(page)
    assert page.locator(".panel .chosen").first.inner_text() != first
    outline = "getComputedStyle(document.activeElement.closest('.answer')).outlineStyle"
    assert page.evaluate(outline) == "solid"
    unnamed = """[...document.querySelectorAll('button, input, select, textarea')].filter(
        (each) => !each.closest('template') && !(each.labels?.length || each.innerText
        || each.ariaLabel)).length"""
    assert page.evaluate(unnamed) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_the_scheme_of_the_reader(
    open_page: "OpenPage", page_file: Path, scheme: str
) -> None:
    size = {"width": 360, "height": 640}
    page = open_page(page_file, viewport=size, color_scheme=scheme, has_touch=True)
    type_text(page, SENTENCE + " " + "x" * 300)
    page.click("text=Pad")
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    ink, paper = (
        page.evaluate(f"getComputedStyle(document.body).{each}")
        for each in ("color", "backgroundColor")
    )
    brightness = [sum(map(int, regex.findall(r"\d+", each)[:3])) for each in (ink, paper)]
    assert (brightness[0] > brightness[1]) == (scheme == "dark")
    assert abs(brightness[0] - brightness[1]) > 500


def test_one_model_can_be_chosen_beside_another(any_page: "Page") -> None:
    page = any_page
    type_text(page, SENTENCE)
    both = percents(page)
    assert page.locator(".panel h2").all_inner_texts() == ["cnn", "bag"]
    page.select_option("#second", "")
    settle(page)
    assert percents(page) == both[:1]
    page.select_option("#first", "1")
    settle(page)
    assert percents(page) == both[1:]
    page.select_option("#second", "0")
    settle(page)
    assert percents(page) == both[::-1]
    page.select_option("#first", "0")
    page.select_option("#second", "1")


def test_labels_are_shown_as_text(open_page: "OpenPage", tmp_path: Path) -> None:
    labels = ["<img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", "\u202egnp"]
    classifier = classifier_of(build("multi_width"))
    classifier.labels = tuple(labels)
    classifier.export(tmp_path / "page.html", format="html", name="</script><!-- <b>")
    page = open_page(tmp_path / "page.html")
    type_text(page, "a good film")
    shown = page.locator(".answer .name").all_inner_texts()
    assert shown == [*labels[:2], "\\u{202e}gnp"]
    assert page.locator("h2").inner_text() == "</script><!-- <b>"


def test_a_damaged_page_says_so(browser: Any, page_file: Path, tmp_path: Path) -> None:
    damaged = page_file.read_text(encoding="utf-8").replace('"film"', '"firm"', 1)
    (tmp_path / "page.html").write_text(damaged, encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    page.locator("#problem:not([hidden])").wait_for()
    assert page.locator("#problem").inner_text() == "This page is damaged: get the file again."
    page.close()


def test_the_page_of_a_server_asks_the_server(
    browser: Any, classifiers: dict[str, AnyClassifier]
) -> None:
    """A deep network too, and the server's errors in a line."""
    deep = classifier_of(build("vdcnn, max"))
    models: dict[str, Any] = {**classifiers, "deep": deep}
    page = browser.new_page()

    def answer(route: Any) -> None:
        path = route.request.url.rpartition("/")[2]
        if path == "":
            return route.fulfill(body=render_page(), content_type="text/html; charset=utf-8")
        if path == "models":
            return route.fulfill(json={"models": [model_facts(*each) for each in models.items()]})
        asked = route.request.post_data_json
        asked["texts"][0].encode("utf-8")
        if asked["texts"] == ["fail"]:
            return route.fulfill(status=503, json={"error": "busy: try again"})
        classifier = models[asked["model"]]
        if path == "predict":
            made = [each.as_json() for each in classifier.predict(asked["texts"])]
            return route.fulfill(json={"predictions": made})
        explained = explained_texts(classifier, asked["texts"], classes=asked["classes"])
        return route.fulfill(json={"explanations": explained})

    page.route("**/*", answer)
    page.goto("http://textcnn.test/")
    page.wait_for_selector(".answer")
    page.fill("#text", "🙂 a good film")
    page.select_option("#second", "2")
    page.locator(".panel").nth(1).locator(".token", has_text="film").wait_for()
    cnn, deep_panel = page.locator(".panel").all()
    assert cnn.locator(".text").inner_text() == "🙂 a good film"
    expected = classifiers["cnn"].predict(["🙂 a good film"])[0]
    shown = percents(page)[0]
    assert shown == [f"{100 * each:.1f} %" for each in expected.probabilities.values()]
    cnn.locator(".token", has_text="film").hover()
    assert cnn.locator(".token.at").inner_text() == "film"
    assert "an approximation" in deep_panel.locator(".notes").inner_text()
    page.evaluate(FILL, json.dumps("half \ud83d film"))
    cnn.locator(".token", has_text="half").wait_for()
    page.fill("#text", "fail")
    page.locator("#problem:not([hidden])").wait_for()
    assert page.locator("#problem").inner_text() == "busy: try again"
    page.fill("#text", "good")
    page.locator("#problem").wait_for(state="hidden")
    page.close()
