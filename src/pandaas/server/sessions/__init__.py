"""Leading browsers to sessions: the door for the hosts of sessions, the proxy behind it, the screens of desktops."""
