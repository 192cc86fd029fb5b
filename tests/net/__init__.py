"""Octets and sockets."""
