"""What test suites use: a sandbox in their own process, pytest fixtures, snapshots and reports of mail."""
