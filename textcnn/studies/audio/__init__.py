"""Studies on synthetic sounds: keywords anywhere, and melodies whose onset is their meaning."""
