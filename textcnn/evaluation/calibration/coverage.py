"""How many errors a classifier avoids by not answering the texts that it is unsure of."""

import numpy as np
import torch
from torch import Tensor

from textcnn.runtime.coverage import RiskCoverage

MOST_POINTS = 200  # of a curve that is stored: steps of half a percent


def risk_coverage(
    confidences: Tensor, correct: Tensor, most_points: int | None = None
) -> RiskCoverage:
    """The risk-coverage curve of texts, with a point for each confidence that occurs.

    Texts of the same confidence are answered together.

    Args:
        confidences: (texts,) the probability of the predicted class.
        correct: (texts,) bool
        most_points: keep about so many points, equidistant in the coverage; None: all.
    """
    count = len(confidences)
    if not count:
        return RiskCoverage((), (), ())
    sure, order = confidences.double().sort(descending=True, stable=True)
    errors = (~correct[order]).cumsum(dim=0)  # (texts,) among the surest 1, 2, ...
    last = torch.cat([sure[1:] != sure[:-1], torch.tensor([True])])  # of equal confidences
    places = last.nonzero().flatten()
    if most_points is not None and len(places) > most_points:
        wanted = torch.arange(1, most_points + 1) * count // most_points - 1
        # the first place with at least the wanted coverage
        places = places[torch.searchsorted(places, wanted)].unique()
    answered = (places + 1).double()
    return RiskCoverage(
        tuple(sure[places].tolist()),
        tuple((answered / count).tolist()),
        tuple((errors[places] / answered).tolist()),
    )


def area_under(confidences: Tensor, correct: Tensor) -> float:
    """The mean risk over the coverages 1/texts, 2/texts, ..., 1 (Geifman & El-Yaniv 2017).

    Lower is better. Of texts with the same confidence, each is as likely to come first. 0 without
    any text.
    """
    count = len(confidences)
    if not count:
        return 0.0
    sure, order = confidences.double().sort(descending=True, stable=True)
    errors = (~correct[order]).cumsum(dim=0).double().numpy()
    last = np.flatnonzero(np.append((sure[1:] != sure[:-1]).numpy(), True)) + 1
    answered = np.arange(1, count + 1)
    expected = np.interp(answered, [0, *last], [0.0, *errors[last - 1]])
    return float(np.mean(expected / answered))
