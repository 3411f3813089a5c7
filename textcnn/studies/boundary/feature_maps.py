"""Where the feature maps of the boundary modes differ, for the same weights and texts (T12)."""

from random import Random
from typing import TYPE_CHECKING

from textcnn.studies.boundary.layers import TEXT_WORDS, Layers, over_the_ends
from textcnn.studies.shared.study import SAME_FEATURES, Values

if TYPE_CHECKING:
    from torch import Tensor

    from textcnn.inference import Classifier


def measure_maps(layers: Layers, seed: int) -> Values:
    """Compare the maps of all modes, before and after training in the first mode."""
    from textcnn.studies.shared.probe import Training, build_probe, train_probe

    draw = Random(seed)
    rows = [(" ".join(draw.choices("abcdefgh", k=TEXT_WORDS)), "12"[n % 2]) for n in range(200)]
    rows = [(text, "1" if text.count("a") > 5 else "2") for text, _ in rows]
    trained = build_probe(layers.model | {"padding": layers.modes[0]}, rows, seed)
    values: Values = {}
    for moment in ("before", "after"):
        if moment == "after":
            train_probe(trained, rows, seed, Training(epochs=4))
        probes = {}
        for mode in layers.modes:
            probes[mode] = build_probe(layers.model | {"padding": mode}, rows, seed)
            probes[mode].model.load_state_dict(trained.model.state_dict())
        values[moment] = compare(probes, layers, [text for text, _ in rows[:16]])
    values["receptive_field"] = trained.model.receptive_field
    return values


def feature_map(classifier: "Classifier", texts: list[str]) -> "tuple[Tensor, int]":
    """The map (texts, filters, positions), and the token where the first window begins."""
    import torch

    ids = torch.tensor([classifier.encoder(text) for text in texts])
    with torch.no_grad():
        made = classifier.model.eval().activations(ids, torch.full((len(ids),), ids.shape[1]))
    return made.features[0], made.fields[0].start


def compare(probes: "dict[str, Classifier]", layers: Layers, texts: list[str]) -> Values:
    """Compare the maps of all modes.

    Returns:
        The number of positions that differ between modes, the largest difference where no window
        reaches over an end, for each mode the number of positions of constant filler that differ
        from its middle, and one filter's map for the figure.
    """
    import torch

    maps = {mode: feature_map(probe, texts) for mode, probe in probes.items()}
    stride = layers.field[1]
    common = maps["zeros"][0]
    left, right = over_the_ends(layers)
    inner = slice(left, common.shape[2] - right)
    beyond = [made[..., inner] for mode, (made, _) in maps.items() if mode != "valid"]
    if "valid" in maps:
        valid, start = maps["valid"]
        # after pooling, valid windows cover other tokens, unless the margin is a multiple of the
        # stride
        shift = start - maps["zeros"][1]
        if shift % stride == 0:
            first = left - shift // stride
            beyond.append(valid[..., first : first + common.shape[2] - left - right])
    padded = torch.stack([made for mode, (made, _) in maps.items() if mode != "valid"])
    spread = (padded.amax(dim=0) - padded.amin(dim=0)).amax(dim=(0, 1))  # (positions,)
    stacked = torch.stack(beyond)
    filler = {}
    for mode, probe in probes.items():
        made, _ = feature_map(probe, [" ".join("b" * TEXT_WORDS)])
        middle = made[..., made.shape[2] // 2, None]
        filler[mode] = int(((made - middle).abs().amax(dim=(0, 1)) > SAME_FEATURES).sum())
    # the filter whose modes differ most
    shown = int((padded.amax(dim=0) - padded.amin(dim=0))[0].sum(dim=1).argmax())
    return {
        "differ": int((spread > SAME_FEATURES).sum()),
        "beyond": float((stacked.amax(dim=0) - stacked.amin(dim=0)).max()),
        "filler": filler,
        "shown": {m: [round(n, 4) for n in f[0, shown].tolist()] for m, (f, _) in maps.items()},
    }
