"""The rules of Hearth: pure values and functions, no I/O, no clock, no randomness."""
