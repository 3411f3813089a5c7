"""Sharing on the Hub: `push`, `hub:owner/name`, and what goes wrong. No network is asked."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from model_hub import TOKEN, Hub, Repository, serve, use
from test_report_page import FACTS, content
from tiny_data import error_line, read_json, run

import textcnn
import textcnn.push
from textcnn.checkpoint import FILES, OPTIONAL
from textcnn.config.production.push import PushConfig
from textcnn.errors import InputError
from textcnn.evaluation.page.model_card import render_card
from textcnn.hub.address import Address, parse_address
from textcnn.hub.card import completed

pytest_plugins = ("tiny_run",)
# huggingface_hub's own, where it uploads without hf_xet
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

NAME = "me/news"
PUSH: Any = vars(textcnn.push.main)["__wrapped__"]  # without the command line
TEXTS = ["actor scene", "match goal team", ""]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with serve() as running:
        use(monkeypatch, running.address, str(tmp_path / "cache"))
        monkeypatch.setattr("time.sleep", lambda seconds: None)  # between the library's attempts
        yield running


@pytest.fixture(scope="session")
def pushed(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a repository with a checkpoint."""
    with pytest.MonkeyPatch.context() as patch, serve() as running:
        use(patch, running.address, str(tmp_path_factory.mktemp("cache")))
        push(tiny_run)
        return running.repositories[NAME].files


@pytest.fixture
def shared(hub: Hub, pushed: dict[str, bytes]) -> Hub:
    """The Hub with a checkpoint."""
    hub.repositories[NAME] = Repository()
    hub.repositories[NAME].branches["main"].append(("First", dict(pushed)))
    return hub


def push(checkpoint: Path, repo: str = NAME, **keys: Any) -> None:
    """As the program, without the command line, which takes half a second."""
    PUSH(PushConfig(str(checkpoint), repo, **keys))


def probabilities(classifier: Any) -> list[dict[str, float]]:
    return [prediction.probabilities for prediction in classifier.predict(TEXTS)]


def refusal(path: str) -> str:
    with pytest.raises(InputError) as caught:
        textcnn.load(path)
    return str(caught.value)


# There and back


def test_a_pushed_checkpoint_predicts_the_same(shared: Hub, tiny_run: Path) -> None:
    assert probabilities(textcnn.load(f"hub:{NAME}")) == probabilities(textcnn.load(tiny_run))


def test_an_upload_is_one_commit_of_known_files(
    hub: Hub, tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    checkpoint = tmp_path / "best"
    shutil.copytree(tiny_run / "best", checkpoint)
    (checkpoint / "training_state.pt").write_bytes(b"a state")
    (checkpoint / "notes.txt").write_text("mine")
    assert run("push", f"checkpoint={checkpoint}", f"repo={NAME}", "message=First") == 0
    repository = hub.repositories[NAME]
    assert repository.messages == ["initial commit", "First"]
    expected = {".gitattributes", "README.md", "manifest.json", "calibration.json", *FILES}
    assert set(repository.files) == expected
    said = capfd.readouterr().out.splitlines()
    assert re.fullmatch(rf"pushed \S+ to {hub.address}/{NAME}, commit [0-9a-f]{{7}}", said[0])
    assert said[1].endswith(f"predict checkpoint=hub:{NAME} input=texts.txt")


def test_no_text_of_the_data_is_published(shared: Hub, tiny_run: Path) -> None:
    stored = read_json(tiny_run / "best" / "manifest.json")["golden"]
    published = json.loads(shared.repositories[NAME].files["manifest.json"])["golden"]
    assert len(published) > 1
    assert published[-1]["text"] == ""
    assert not {each["text"] for each in published[:-1]} & {each["text"] for each in stored}
    assert b"run_dir:" not in shared.repositories[NAME].files["config.yaml"]


def test_golden_texts_and_hashes_are_published_if_wanted(hub: Hub, tiny_run: Path) -> None:
    push(tiny_run, golden_texts=True, training_hashes=True)
    files = hub.repositories[NAME].files
    stored = read_json(tiny_run / "best" / "manifest.json")
    assert json.loads(files["manifest.json"])["golden"] == stored["golden"]
    assert "training_texts.safetensors" in files


def test_the_golden_texts_of_a_download_are_checked(
    shared: Hub, tiny_csv: Path, tmp_path: Path
) -> None:
    given = ("data=files", f"data.test={tiny_csv}", f"run_dir={tmp_path / 'scores'}")
    assert run("evaluate", f"checkpoint=hub:{NAME}", "report=false", *given) == 0
    assert read_json(tmp_path / "scores" / "evaluation.json")["golden_difference"] < 1e-5


def test_a_second_push_replaces_the_first_and_deletes_what_it_lacks(
    shared: Hub, tiny_run: Path
) -> None:
    repository = shared.repositories[NAME]
    repository.files["thresholds.json"] = b"[]"
    repository.files["my_notes.md"] = b"stay"
    push(tiny_run, training_hashes=True)
    assert len(repository.messages) == 3
    assert "thresholds.json" not in repository.files
    assert repository.files["my_notes.md"] == b"stay"


def test_a_branch_is_created_and_loaded_by_its_name(hub: Hub, tiny_run: Path) -> None:
    push(tiny_run, branch="v2")
    assert "manifest.json" not in hub.repositories[NAME].files
    assert textcnn.load(f"hub:{NAME}@v2").labels == ("film", "sport", "tech")
    assert refusal(f"hub:{NAME}").startswith(f"hub:{NAME} holds no checkpoint of textcnn")


def test_a_private_repository_needs_the_token(
    hub: Hub, tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(tiny_run, private=True)
    assert hub.repositories[NAME].private
    assert textcnn.load(f"hub:{NAME}").labels
    monkeypatch.delenv("HF_TOKEN")
    assert refusal(f"hub:{NAME}") == (
        f"hub:{NAME}: no such repository on the Hub, or a private one (hf auth login)"
    )


def test_only_known_files_are_downloaded(shared: Hub, tmp_path: Path) -> None:
    repository = shared.repositories[NAME]
    for name in ("training_state.pt", "code.py", "pytorch_model.bin"):
        repository.files[name] = b"no"
    textcnn.load(f"hub:{NAME}")
    snapshots = tmp_path / "cache" / "models--me--news" / "snapshots"
    (snapshot,) = snapshots.iterdir()
    assert {file.name for file in snapshot.iterdir()} <= {*FILES, *OPTIONAL, "manifest.json"}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_changed_on_the_hub_is_refused(shared: Hub, name: str) -> None:
    shared.repositories[NAME].files[name] += b" "
    assert "is damaged or was changed" in refusal(f"hub:{NAME}")


# The card


def header_of(card: bytes) -> dict[str, Any]:
    described: dict[str, Any] = yaml.safe_load(card.decode().split("---\n")[1])
    return described


def test_the_card_of_the_report_becomes_the_readme(
    hub: Hub, tiny_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_run / "best", tmp_path / "run" / "best")
    (tmp_path / "run" / "report").mkdir()
    card = render_card(content("film reviews"), FACTS)
    (tmp_path / "run" / "report" / "model_card.md").write_text(card)
    push(tmp_path / "run", license="mit", language=["en", "de"])
    readme = hub.repositories[NAME].files["README.md"]
    described = header_of(readme)
    assert described["license"] == "mit"
    assert described["language"] == ["en", "de"]
    assert described["library_name"] == "textcnn"
    assert described["pipeline_tag"] == "text-classification"
    (model,) = described["model-index"]
    assert model["results"][0]["metrics"] == [{"type": "accuracy", "value": 0.924}]
    assert b"# film reviews" in readme
    assert f'textcnn.load("hub:{NAME}")'.encode() in readme


def test_a_checkpoint_without_a_report_gets_a_short_card(shared: Hub, tiny_run: Path) -> None:
    readme = shared.repositories[NAME].files["README.md"]
    scores = read_json(tiny_run / "metrics.json")["test"]
    (model,) = header_of(readme)["model-index"]
    assert model["results"][0]["metrics"][0] == {
        "type": "accuracy",
        "value": pytest.approx(scores["accuracy"], abs=1e-4),
    }
    assert "license" not in header_of(readme)


def test_a_card_of_its_own_is_taken_with_what_it_says(
    hub: Hub, tiny_run: Path, tmp_path: Path
) -> None:
    card = tmp_path / "card.md"
    card.write_text("---\nlicense: cc-by-4.0\nmine: 3\n---\n\n# Mine\n")
    push(tiny_run, card=str(card), language="fr")
    readme = hub.repositories[NAME].files["README.md"]
    expected = {"license": "cc-by-4.0", "mine": 3, "language": "fr", "library_name": "textcnn"}
    assert expected.items() <= header_of(readme).items()
    assert readme.endswith(b"# Mine\n")


@pytest.mark.parametrize("card", ["---\n[a\n---\n", "---\n- a\n---\n"])
def test_a_card_with_a_broken_header_is_refused(card: str) -> None:
    with pytest.raises(InputError, match=r"card\.md: the header of the card can't be read: "):
        completed(
            card,
            Address(NAME),
            license=None,
            languages=(),
            dataset=None,
            source="card.md",
        )


# Without a network


def test_a_download_is_found_again_without_network(
    shared: Hub, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    online = probabilities(textcnn.load(f"hub:{NAME}"))
    asked = len(shared.asked)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert probabilities(textcnn.load(f"hub:{NAME}")) == online
    assert len(shared.asked) == asked
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("status", [None, 503])
def test_a_hub_that_is_down_is_replaced_by_the_cache_with_a_note(
    shared: Hub,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    status: int | None,
) -> None:
    online = probabilities(textcnn.load(f"hub:{NAME}"))
    if status is None:
        use(monkeypatch, "http://127.0.0.1:9", str(tmp_path / "cache"))  # nobody listens there
    else:
        shared.failing[f"/api/models/{NAME}"] = status, {}, b"{}"
    assert probabilities(textcnn.load(f"hub:{NAME}")) == online
    assert error_line(capfd).startswith(f"hub:{NAME}: the Hub was not reached; using commit ")


def test_without_network_and_cache_one_line_says_what_to_do(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load = "load it once where there is a network (HF_HOME sets the directory of the cache)"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert refusal(f"hub:{NAME}") == (
        f"hub:{NAME}: HF_HUB_OFFLINE is set, and the cache has no copy; unset HF_HUB_OFFLINE, or "
        + load
    )
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    use(monkeypatch, "http://127.0.0.1:9", str(tmp_path / "cache"))
    assert refusal(f"hub:{NAME}") == (
        f"hub:{NAME}: the Hub was not reached, and the cache has no copy; {load}"
    )


def test_a_part_in_the_cache_is_named(
    shared: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    textcnn.load(f"hub:{NAME}")
    (weights,) = (tmp_path / "cache").glob("**/model.safetensors")
    weights.unlink()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "the copy in the cache lacks model.safetensors; unset HF" in refusal(f"hub:{NAME}")


# What can't be downloaded


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (401, "GatedRepo", " is gated: ask for access on its page, then log in (hf auth login)"),
        (401, "", ": the Hub doesn't accept the token; log in again (hf auth login)"),
        (
            403,
            "",
            ": the token has no permission for this; create one that may write to this repository",
        ),
        (429, "", ": the Hub limits how often it answers you; try again in some minutes"),
    ],
)
def test_an_answer_of_the_hub_is_explained(hub: Hub, status: int, code: str, said: str) -> None:
    hub.failing["/api/models"] = status, {"X-Error-Code": code} if code else {}, b"{}"
    assert refusal(f"hub:{NAME}") == f"hub:{NAME}{said}"


def test_a_missing_repository_or_revision_is_named(shared: Hub) -> None:
    assert refusal("hub:me/nothing").startswith("hub:me/nothing: no such repository on the Hub")
    assert refusal(f"hub:{NAME}@dev") == f"hub:{NAME}@dev: {NAME} has no such revision on the Hub"


def test_a_repository_of_another_library_is_refused_before_a_download(hub: Hub) -> None:
    hub.repositories[NAME] = Repository(library="transformers")
    hub.repositories[NAME].files["model.safetensors"] = b"large"
    assert refusal(f"hub:{NAME}") == (
        f"hub:{NAME} holds no checkpoint of textcnn (no manifest.json); its card names the "
        "library transformers"
    )
    assert not [each for each in hub.asked if "resolve" in each]


def test_an_interrupted_download_is_explained_and_continues(
    shared: Hub,
) -> None:
    weights = shared.repositories[NAME].files["model.safetensors"]
    headers = {"Content-Length": str(len(weights)), "ETag": '"x"', "X-Repo-Commit": "a" * 40}
    shared.failing["^GET .*model.safetensors"] = 200, headers, weights[:100]
    assert refusal(f"hub:{NAME}") == (
        f"hub:{NAME}: the transfer was interrupted; the same command continues it"
    )
    shared.failing.clear()
    assert textcnn.load(f"hub:{NAME}").labels == ("film", "sport", "tech")


@pytest.mark.parametrize(
    "address",
    ["hub:", "hub:news", "hub:a/b/c", "hub:a/../b", "hub:a/b@", "hub:a/b@../x", "hub:a b/c"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    assert refusal(address) == (
        f"{address} is not the address of a repository, which is hub:owner/name, or "
        "hub:owner/name@revision with a branch, a tag or a commit"
    )


def test_an_address_is_written_as_it_is_read() -> None:
    for text in ("hub:a/b", "hub:a-1/b.c_d@v1.0", "hub:a/b@feature/x"):
        assert str(parse_address(text)) == text


# What can't be uploaded


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "checkpoint is missing; try checkpoint=<run or checkpoint directory>"),
        ({"checkpoint": "x"}, "repo is missing; try repo=<owner>/<name>"),
        (
            {"checkpoint": "x", "repo": "news"},
            "repo takes owner/name, each of letters, digits, -, _ and ., got news; try repo=<your "
            "name on the Hub>/<name>",
        ),
        (
            {"checkpoint": "x", "repo": "a/b", "branch": ".."},
            "branch takes a name of letters, digits, -, _, . and /, got ..; try branch=main",
        ),
    ],
)
def test_what_is_missing_is_named(hub: Hub, keys: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(said)}$"):
        PUSH(PushConfig(**keys))
    assert hub.asked == []


def test_an_empty_value_is_refused() -> None:
    said = "license is empty, got license=''; leave it out, or give license=null"
    assert [*PushConfig("x", "a/b", license="").conflicts()] == [said]


def refused_push(checkpoint: Path, repo: str = NAME, **keys: Any) -> str:
    with pytest.raises(InputError) as caught:
        push(checkpoint, repo, **keys)
    assert TOKEN not in str(caught.value)
    return str(caught.value)


def test_without_a_token_push_says_how_to_get_one(
    hub: Hub, tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    assert refused_push(tiny_run) == (
        "push needs a token of the Hub that may write; log in (hf auth login), or set HF_TOKEN"
    )
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert refused_push(tiny_run) == (
        "push needs the Hub, but HF_HUB_OFFLINE is set; unset HF_HUB_OFFLINE"
    )


def test_a_namespace_of_others_is_refused(hub: Hub, tiny_run: Path) -> None:
    assert refused_push(tiny_run, "google/news") == (
        "hub:google/news: the token has no permission for this; create one that may write to this "
        "repository"
    )


def test_another_model_is_not_overwritten(hub: Hub, tiny_run: Path) -> None:
    hub.repositories[NAME] = Repository()
    hub.repositories[NAME].files["tokenizer.json"] = b"{}"
    assert refused_push(tiny_run) == (
        f"hub:{NAME} holds a model that is no checkpoint of textcnn (it has tokenizer.json, but no "
        "manifest.json); give another repo, or a branch of its own: branch=textcnn"
    )
    assert hub.repositories[NAME].messages == ["initial commit"]


def test_a_public_repository_is_not_taken_for_a_private_one(shared: Hub, tiny_run: Path) -> None:
    said = refused_push(tiny_run, private=True)
    assert said.startswith(f"hub:{NAME} exists and is public, but private=true; ")
    assert len(shared.repositories[NAME].messages) == 2


@pytest.mark.parametrize(
    ("request_", "status", "said"),
    [
        ("POST .*/commit/", 429, "the Hub limits how often it answers you; try again in some"),
        ("POST .*/create", 500, "the Hub fails to answer (status 500); try again later"),
        ("POST .*/validate-yaml", 400, "Invalid metadata in README.md."),
    ],
)
def test_a_failing_upload_is_one_line(
    hub: Hub,
    tiny_run: Path,
    request_: str,
    status: int,
    said: str,
) -> None:
    hub.failing[request_] = status, {}, b"{}"
    line = refused_push(tiny_run)
    assert line.startswith(f"hub:{NAME}: {said}")


def test_a_message_with_the_token_in_it_is_shown_without(hub: Hub, tiny_run: Path) -> None:
    hub.failing["POST .*/commit/"] = 400, {"X-Error-Message": f"bad {TOKEN}"}, b"{}"
    assert "<token>" in refused_push(tiny_run)
