"""Documentation, and the module that prints its derived parts."""
