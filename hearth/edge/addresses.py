"""The addresses of this machine, as its routes tell; nothing is sent and nobody asked."""

import socket

LOOPBACK = "127.0.0.1"


def own_ipv4() -> str:
    """The IPv4 address by which this machine would reach the world; else the loopback's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # A documentation address (RFC 5737): connecting a UDP socket only looks up the route.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return LOOPBACK
        return str(probe.getsockname()[0])
