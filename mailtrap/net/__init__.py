"""Octets and sockets; knows no mail."""
