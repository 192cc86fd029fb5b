"""What a running server has to survive; minutes each, run by `make torture`."""
