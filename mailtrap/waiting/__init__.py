"""Waiting for mail: who waits is woken by what arrives, and told what did arrive where it was something else."""
