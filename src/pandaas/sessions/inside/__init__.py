"""What runs inside a session's sandbox, by the program's own interpreter: standard library only, nothing of the platform."""
