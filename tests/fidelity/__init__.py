"""Whatever is sent comes back octet for octet."""
