"""Real mail clients and servers sending to a real sandbox, as tests and as one table."""
