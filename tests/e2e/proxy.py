"""A proxy in front of the gateway, as far as the gateway sees it."""

import socket
import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
CLIENT = "203.0.113.9"
PROXY_V1 = b"PROXY TCP4 203.0.113.9 192.0.2.1 50000 443\r\n"
STRANGER = "127.0.0.2"  # an address of this machine that is no proxy


def proxy_v2(client: str = CLIENT, tls: bool | None = None, command: int = 0x21) -> bytes:
    """A header of the PROXY protocol, version 2."""
    family = socket.AF_INET6 if ":" in client else socket.AF_INET
    own = "2001:db8::1" if ":" in client else "192.0.2.1"
    rest = socket.inet_pton(family, client) + socket.inet_pton(family, own)
    rest += struct.pack("!HH", 50000, 443)
    if tls is not None:
        rest += b"\x20" + struct.pack("!H", 5) + bytes([tls]) + b"\0\0\0\0"
    kind = 0x21 if ":" in client else 0x11
    return SIGNATURE + bytes([command, kind]) + struct.pack("!H", len(rest)) + rest
