"""Where rows come from: bundled texts, files, the Hub, Python lists; all become Arrow tables."""
