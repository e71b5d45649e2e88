"""One function per command: plain values in, exit code out. Each is imported only when its command is called."""
