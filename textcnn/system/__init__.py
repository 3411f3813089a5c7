"""What talks to the operating system: files, cores, processes, memory, the terminal."""
