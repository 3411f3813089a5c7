"""Find labels that are likely wrong: `python -m textcnn.audit_data [key=value ...]`."""

from textcnn.cli import program
from textcnn.config.evaluation.data_audit import AuditDataConfig
from textcnn.errors import InputError
from textcnn.system.interrupts import end_start
from textcnn.system.paths import expanded


@program("audit_data")
def main(config: AuditDataConfig) -> None:
    # Imported here, after the checks: importing torch takes seconds.
    from textcnn.builders.data import build_division, build_source
    from textcnn.data.audit.label_errors import find_label_errors
    from textcnn.data.audit.near_duplicates import near_duplicates
    from textcnn.data.audit.page import write_page
    from textcnn.data.audit.pool import read_pool
    from textcnn.data.audit.report import report
    from textcnn.data.audit.suspects import collect, write_suspects
    from textcnn.data.audit.whole import examine
    from textcnn.system.cores import available_cores
    from textcnn.system.terminal import build_console
    from textcnn.text.tokenizers import build_tokenizer
    from textcnn.training.many_runs.out_of_fold import out_of_fold_probabilities

    end_start()
    output = expanded(config.output)
    page = output.with_suffix(".html") if config.page else None
    for path in (output, page):
        if path is not None and path.exists() and not config.overwrite:
            raise InputError(f"{path} exists; give another output, or overwrite=true")
    if not output.parent.is_dir():  # before minutes of training
        raise InputError(f"output={output}: there is no directory {output.parent}; create it first")
    if output == page:
        raise InputError(f"output={output} is the CSV file; give it another ending, or page=false")

    console, folds = build_console(), config.folds
    source = build_source(config.data, config.seed)
    pool = read_pool(source, build_division(config.data, config.seed))
    for line in (*pool.notes, *(f"warning: {warning}" for warning in pool.warnings)):
        console.print(line)
    console.print(f"{len(pool):,} rows of {len(pool.names):,} classes; training {folds} models")
    probabilities = out_of_fold_probabilities(
        pool,
        config.of_a_fold,
        folds,
        workers=min(config.workers or available_cores(), folds),
        done=lambda count: console.print(f"fold {count} of {folds} predicted"),
    )
    errors = find_label_errors(pool.labels, probabilities)
    findings = collect(pool, errors, near_duplicates(pool.texts, config.similarity))
    tokenizer = build_tokenizer(config.text.unit, **config.text.tokenizer_settings())
    whole = examine(pool, errors, tokenizer)
    separator = config.data.label_separator or ","
    write_suspects(output, findings, separator)
    if page is not None:
        write_page(page, pool, findings, whole, rows=config.page_rows, separator=separator)
    report(console, findings, whole, separator)
    console.print(f"saved in {output}" + (f" and {page}" if page is not None else ""))


if __name__ == "__main__":
    main()
