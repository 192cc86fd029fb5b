"""What mail is: values, no I/O."""
