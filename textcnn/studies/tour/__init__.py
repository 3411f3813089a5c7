"""Running studies: measuring in processes, the ledger of results, progress and the report."""
