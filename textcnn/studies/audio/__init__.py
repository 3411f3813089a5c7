"""Keywords in sounds made by rule: invariance, in a waveform and in a spectrogram."""
