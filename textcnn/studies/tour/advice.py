"""What to use when: the end of the tour, a row for each thing that a task may ask of a network."""

# what the task turns on; what does not see it; what does; the study that shows it
ADVICE = (
    (
        "which words occur",
        "–",
        "anything: `model=bag`, `nin`, or the default, which is as fast",
        "pointwise",
    ),
    (
        "phrases: negation, names, idioms",
        "`bag`, `nin`: they know no order",
        "the default `model.kernel_sizes=[1,2,3]`; a width for the longest phrase",
        "language",
    ),
    (
        "words that stand apart, up to a known distance",
        "kernels that reach less far: logits are the same, whatever is trained",
        "`model=dilated` without holes, or depth: `R` above the distance",
        "order",
    ),
    (
        "order at any distance",
        "any stack with max pooling alone",
        "`model.position=sinusoidal`, `model.pooling=chunk_max`; `kmax` with "
        "`model.activation=leaky_relu`; or `model=lstm`",
        "order",
    ),
    (
        "where in the text something stands",
        "max, mean and sum pooling, but for the ends",
        "`model.position=ramp`, `model.pooling=chunk_max`; `flatten` where texts begin alike",
        "translation",
    ),
    (
        "that it does not matter where",
        "`flatten`: it knows only the places that it was trained on",
        "max pooling; `model.padding=circular` leaks nothing of the ends",
        "audio",
    ),
    (
        "how often something occurs",
        "max pooling: one is as good as ten",
        "`model.pooling=sum`; `kmax` up to `model.k`; `mean` where lengths are alike",
        "counting",
    ),
    (
        "nesting, agreement, repetition over a distance",
        "what reaches less far",
        "no convolution in general; within `R`, depth; `model=lstm`, `transformer`",
        "nesting",
    ),
    (
        "words that training never saw",
        "a vocabulary of the training texts: they are all one unknown word",
        "`text.vectors=glove` with `model.embedding=static`; `text=char` for other forms of a word",
        "language",
    ),
)
