"""Engines: where the platform's work is executed. `port` says what one is, `local` runs on this computer."""
