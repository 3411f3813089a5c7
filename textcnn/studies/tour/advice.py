"""What to use when: the table at the end of the tour, a row for each demand of a task."""

# what the task is about; what can't see it; what can; the study that shows it
ADVICE = (
    (
        "single words: which of them occur",
        "–",
        "all networks: `model=bag`, `model=nin`, or the default, which is as fast",
        "pointwise",
    ),
    (
        "phrases: negation, names, idioms",
        "`model=bag`, `model=nin`: they know no order",
        "the default `model.kernel_sizes=[1,2,3]`; add a kernel size for the longest phrase",
        "language",
    ),
    (
        "words that are apart, up to a known distance",
        "smaller receptive fields: the logits are the same, whatever the weights",
        "`model=dilated` without holes, or more depth: a receptive field above the distance",
        "order",
    ),
    (
        "order at any distance",
        "convolutions with max pooling and nothing else",
        "`model.position=sinusoidal`; `model.pooling=chunk_max`; `model.pooling=kmax` with "
        "`model.activation=leaky_relu`; or `model=lstm`",
        "order",
    ),
    (
        "the position of something in the text",
        "max, mean and sum pooling, except near the ends",
        "`model.position=ramp`; `model.pooling=chunk_max`; `model.pooling=flatten` if all texts "
        "begin alike",
        "translation",
    ),
    (
        "something anywhere: its position does not matter",
        "`model.pooling=flatten`: it knows only the positions that it was trained on",
        "max pooling; `model.padding=circular` does not even leak the ends",
        "audio",
    ),
    (
        "how many times something occurs",
        "max pooling: one copy is as good as ten",
        "`model.pooling=sum`; `model.pooling=kmax`, up to `model.k` copies; `model.pooling=mean` "
        "if all texts have about the same length",
        "counting",
    ),
    (
        "nesting, agreement, repetition over a distance",
        "smaller receptive fields",
        "no convolution in general; depth, within the receptive field; `model=lstm` or "
        "`model=transformer`",
        "nesting",
    ),
    (
        "words that training never saw",
        "a vocabulary from the training texts: they are all one unknown word",
        "`text.vectors=glove` with `model.embedding=static`; `text=char` for other forms of a "
        "known word",
        "language",
    ),
)
