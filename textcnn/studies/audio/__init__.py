"""Keywords in synthetic sounds, as waveforms and spectrograms."""
