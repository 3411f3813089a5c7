"""Running studies: worker processes, the ledger of results, progress and the report."""
