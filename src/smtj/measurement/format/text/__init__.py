"""Text files: encoding, dialect, layouts of instruments, columns."""
