"""Sends small responses at once."""

from __future__ import annotations

import os
import socket

import psutil


def send_without_delay() -> None:
    """Turn Nagle's algorithm off for every connection that this process will accept.

    asyncio does so itself, but not on sockets like the one that Streamlit binds (without a protocol number).
    Head and body of a response are written apart, so on a connection that is kept open each small response
    waited for the client's delayed acknowledgement: 44 ms instead of 2, measured with Streamlit 1.67.
    """
    for connection in psutil.Process().net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN:
            with socket.socket(fileno=os.dup(connection.fd)) as listening:
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what it accepts inherits it
