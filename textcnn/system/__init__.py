"""Everything that talks to the operating system: files, cores, processes, memory, terminal."""
