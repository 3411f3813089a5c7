"""Overrides as people type them."""

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from tiny_data import refusal

from textcnn.config.compose import compose
from textcnn.config.explain import described
from textcnn.config.keys import allowed
from textcnn.config.quoting import as_hydra, parsed, weights_by_name
from textcnn.errors import InputError
from textcnn.system.arguments import argument, hydra_string

ENTRIES = described("train")


def composed(*typed: str) -> object:
    return compose("train", as_hydra(["data=files", *typed], ENTRIES))


def train_files(typed: str) -> object:
    (value,) = parsed(as_hydra([f"data.train={typed}"], ENTRIES)[0]) or ("not parsed",)
    return value


@pytest.mark.parametrize(
    "path",
    [
        *("评论.csv", "a=b.csv", "~/x.csv", "it's.csv", "a(1).csv", "a;b", "x#y", "[a", "{1}.csv"),
        *(
            'a"b',
            "a b.csv",
            " x.csv ",
            "007",
            "1e5",
            "2020",
            "True",
            "C:\\x",
            "x\\",
            "(",
            "=x",
            "é",
        ),
        *("parts/*.csv", "f(1)", "<x>", "a^b", "!x", "a'b\"c"),
    ],
)
def test_any_path_works_as_it_is_typed(path: str) -> None:
    assert train_files(path) == path


def test_an_interpolation_that_is_none_is_a_string() -> None:
    for path in ("${", "x${y"):
        assert composed(f"data.train={path}").data.train == path  # type: ignore[attr-defined]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0,"), min_size=1))
def test_an_argument_to_paste_means_its_value(path: str) -> None:
    (pasted,) = shlex.split(argument("data.train", path)) if "\r" not in path else [None]
    if pasted is not None and "${" not in path:
        (value,) = parsed(as_hydra([pasted], ENTRIES)[0]) or ("not parsed",)
        assert value == path


@pytest.mark.parametrize(
    ("typed", "pasted"),
    [
        ("${x}.csv", r"""'data.train="\${x}.csv"'"""),
        ("[${x}.csv,b.csv]", r"""'data.train=["\${x}.csv",b.csv]'"""),
        ("${x:1}", r"""'data.train="\${x:1}"'"""),
    ],
)
def test_a_reference_to_nothing_is_refused_with_the_string_to_paste(
    typed: str, pasted: str
) -> None:
    said = refusal(lambda: composed(f"data.train={typed}"))
    assert said.startswith(f"data.train can't take {typed}: ")
    assert said.endswith(f"; if it is no reference but a plain string, write {pasted}")
    (argument_given,) = shlex.split(pasted)
    value = composed(*as_hydra([argument_given], ENTRIES)).data.train  # type: ignore[attr-defined]
    assert value == (typed if typed[0] != "[" else ["${x}.csv", "b.csv"])


def test_a_reference_to_nothing_is_no_plain_string_where_a_number_is_wanted() -> None:
    said = refusal(lambda: composed("seed=${x}"))
    assert said.startswith("seed takes a whole number, ")
    assert said.endswith(", got ${x}; try seed=0")


@given(st.text(r"$x{}\"':, ", min_size=1))
def test_a_string_with_dollars_and_braces_means_itself(text: str) -> None:
    node = OmegaConf.create({"key": parsed(f"key={hydra_string(text)}")})
    assert OmegaConf.to_object(node) == {"key": [text]}


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("[评论.csv,b c.csv]", ["评论.csv", "b c.csv"]),
        ("[a=b,~/c]", ["a=b", "~/c"]),
        ("[1,2]", ["1", "2"]),
        ('["a, b",c]', ["a, b", "c"]),
        ("[]", []),
    ],
)
def test_so_do_lists_of_paths(typed: str, values: list[str]) -> None:
    assert train_files(typed) == values


@pytest.mark.parametrize(
    ("typed", "value"), [('"a, b"', "a, b"), ("'a, b'", "a, b"), ("null", None), ("a.csv", "a.csv")]
)
def test_what_hydra_reads_stays_as_it_is(typed: str, value: object) -> None:
    assert as_hydra([f"data.train={typed}"], ENTRIES) == [f"data.train={typed}"]
    assert train_files(typed) == value


def test_other_arguments_stay_as_they_are() -> None:
    given = [
        "--cfg",
        "job",
        "-m",
        "seed=1,2",
        "model=dilated",
        "train.csv",
        "model.kernel_sizes=[3,4]",
    ]
    assert as_hydra(given, ENTRIES) == given


def test_several_values_stay_several() -> None:
    assert as_hydra(["data.train=评论.csv,b.csv"], ENTRIES) == ['data.train="评论.csv",b.csv']


@pytest.mark.parametrize("separator", [",", ";", "|", " ", "\t", "#", "::"])
def test_any_separator_of_labels_works_as_it_is_typed(separator: str) -> None:
    config = composed(f"data.label_separator={separator}", "data.multi_label=true")
    assert config.data.label_separator == separator  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("typed", "weights"),
    [
        ("{spam:5,ham:.5}", {"spam": 5, "ham": 0.5}),
        ("{R&D, other:2,财经:3}", {"R&D, other": 2, "财经": 3}),
        ("{null:2,true:3,1:4,007:5}", {"null": 2, "true": 3, "1": 4, "007": 5}),
        ("{a: b:2}", {"a: b": 2}),
        ('{"a: b": 2, "x:1, y": 3, "say \\"hi\\"": 4}', {"a: b": 2, "x:1, y": 3, 'say "hi"': 4}),
        ("{ 'x:1, y' : 1e-3 }", {"x:1, y": 0.001}),
    ],
)
def test_classes_of_any_name_are_weighed(typed: str, weights: dict[str, float]) -> None:
    assert weights_by_name(typed) == weights
    config = composed(f"training.class_weights={typed}")
    assert config.training.class_weights == weights  # type: ignore[attr-defined]


@pytest.mark.parametrize("typed", ["{spam}", "{a:1,b}", "{a:1,a:2}", "{}", "a:1"])
def test_what_weighs_nothing_is_no_mapping(typed: str) -> None:
    assert weights_by_name(typed) is None
    assert not allowed(typed, ENTRIES["training.class_weights"])


# Bare arguments


def gathered(*typed: str, key: str = "data.train") -> list[str]:
    return as_hydra(typed, ENTRIES, positional=key)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0$")), min_size=1))
def test_bare_arguments_are_the_list_of_the_key_that_takes_them(values: list[str]) -> None:
    (made,) = gathered("--", *values)
    assert parsed(made) == (values,)


@pytest.mark.parametrize(
    "path", ["a,b", "[a]", "a b", "(x", "~/x", "runs/lr=0.1", "a b=c", "=x", "007", "", "-"]
)
def test_a_bare_path_works_as_it_is_typed(path: str) -> None:
    made = gathered(path, "seed=1")
    assert made[0] == "seed=1"
    assert parsed(made[1]) == ([path],)


def test_overrides_and_flags_among_bare_arguments_stay_what_they_are() -> None:
    typed = ["a", "--cfg", "job", "seed=1", "b", "-m", "hydra/launcher=basic", "data=files"]
    assert gathered(*typed) == [
        *("--cfg", "job", "seed=1", "-m", "hydra/launcher=basic", "data=files"),
        'data.train=["a","b"]',
    ]
    assert gathered("seed=1") == ["seed=1"]
    made = as_hydra(["text=a, b", "c", "text=text=d"], ENTRIES, "data.train", "text")
    assert made == ['data.train=["a, b","c","text=d"]']
    assert gathered("a", "--", "seed=1", "-x") == ['data.train=["a","seed=1","-x"]']


def test_a_path_that_looks_like_an_override_is_one_unless_it_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert gathered("lr=0.1", "a") == ["lr=0.1", 'data.train=["a"]']
    (tmp_path / "lr=0.1").mkdir()
    assert gathered("lr=0.1", "a") == ['data.train=["lr=0.1","a"]']
    (tmp_path / "seed=1").mkdir()
    assert gathered("seed=1", "a") == ["seed=1", 'data.train=["a"]']


def test_bare_arguments_that_a_key_cannot_take_are_refused() -> None:
    with pytest.raises(InputError, match=r"run_dir takes one value, got a and b; put quotes"):
        gathered("a", "b", key="run_dir")
    assert gathered("a b", key="run_dir") == ['run_dir="a b"']
    with pytest.raises(InputError, match=r"give data.train=\[a\] or b, not both"):
        gathered("data.train=[a]", "b")


@pytest.mark.parametrize("text", ["x=y is a formula", "-5 degrees in winter", "a film"])
def test_an_argument_with_blanks_is_a_text_where_texts_are_wanted(text: str) -> None:
    entries = described("explain")
    assert as_hydra([text], entries, "texts", "text") == [f"texts=[{hydra_string(text)}]"]
    known = "output=my file.html"
    assert as_hydra([known, text], entries, "texts", "text")[0].startswith("output=")
