"""The way out: one packet to many viewers, sealed for each and sent by one system call.

This is the hot path of the house: in a room of thirty who all talk, 43,500 packets leave each
second. What is done for each viewer is done in C by loops over lists that were made before:
`bytes.join` writes the packets, `map` seals them, `sendmmsg` sends them. Nothing else may happen
for each viewer and packet here; statistics, histories and choices belong to whoever calls.
"""

import socket
import struct
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import cffi

from hearth.sfu.borrowed import Srtp, ffi, srtp_protect
from hearth.sfu.udp import Address

MEMBERS = 32
"""Viewers of one call; what is worked on for them stays in the processor's nearest memory."""

_TRAILER = 32
"""Room behind each packet for the seal."""

_ALIGN = 16
_LARGEST_STRIDE = 1536

_ffi: Any = cffi.FFI()
_ffi.cdef(
    """
    struct iovec { void *iov_base; size_t iov_len; };
    struct msghdr {
        void *msg_name; unsigned int msg_namelen; struct iovec *msg_iov; size_t msg_iovlen;
        void *msg_control; size_t msg_controllen; int msg_flags;
    };
    struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };
    int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags);
    """
)

TOGETHER = sys.platform == "linux"
"""Whether this system sends many datagrams by one call, in these forms."""

_sendmmsg: Any = _ffi.dlopen(None).sendmmsg if TOGETHER else None
_DONTWAIT = getattr(socket, "MSG_DONTWAIT", 0)


def socket_name(address: Address) -> bytes:
    """An address in the form that the kernel takes."""
    host, port = address[0], address[1]
    if len(address) == 2:
        return struct.pack("=H", socket.AF_INET) + struct.pack(
            ">H4s8x", port, socket.inet_aton(host)
        )
    packed = socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    return (
        struct.pack("=H", socket.AF_INET6)
        + struct.pack(">HI16s", port, address[2], packed)
        + struct.pack("=I", address[3])
    )


class Place:
    """Where a viewer is, in memory that a fan points to: it moves without the fan being remade."""

    def __init__(self) -> None:
        self.name: Any = _ffi.new("char[28]")
        self.size = 0

    def set(self, address: Address) -> None:
        """From now on, send there. All addresses of one socket have one length."""
        packed = socket_name(address)
        _ffi.buffer(self.name)[0 : len(packed)] = packed
        self.size = len(packed)


class Member(NamedTuple):
    """One viewer of a fan."""

    srtp: Srtp
    template: bytes
    place: Place


class Post:
    """The memory and the socket that all fans of one media server use, one after the other."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.sent = 0
        self.dropped = 0
        """Packets that the kernel had no room for."""
        self.unsealed = 0
        """Packets that libsrtp would not seal."""
        self._arena: Any = ffi.new("char[]", MEMBERS * _LARGEST_STRIDE + 64)
        self.bytes: Any = ffi.buffer(self._arena)
        self.lengths: Any = ffi.new("int[]", MEMBERS)
        self.length_bytes: Any = ffi.buffer(self.lengths)
        self.length_pointers = [self.lengths + each for each in range(MEMBERS)]
        self.parts: Any = _ffi.new("struct iovec[]", MEMBERS)
        self._part_bytes: Any = _ffi.buffer(self.parts)
        self._pointers: dict[int, list[Any]] = {}
        self._lengths: dict[int, bytes] = {}
        self._parts: dict[tuple[int, int], bytes] = {}

    def pointers(self, stride: int) -> list[Any]:
        """Where packets begin that lie `stride` bytes apart."""
        found = self._pointers.get(stride)
        if found is None:
            found = self._pointers[stride] = [
                self._arena + each * stride for each in range(MEMBERS)
            ]
        return found

    def fans(self, members: Sequence[Member]) -> list["Fan"]:
        """As many fans as the members need."""
        return [
            Fan(self, members[start : start + MEMBERS]) for start in range(0, len(members), MEMBERS)
        ]

    def set_lengths(self, length: int) -> None:
        """Say to libsrtp that every packet has `length` bytes."""
        found = self._lengths.get(length)
        if found is None:
            found = self._lengths[length] = struct.pack("=i", length) * MEMBERS
        self.length_bytes[:] = found

    def set_parts(self, stride: int, length: int) -> None:
        """Say to the kernel that every packet has `length` bytes, `stride` apart."""
        found = self._parts.get((stride, length))
        if found is None:
            start = int(ffi.cast("uintptr_t", self._arena))
            found = self._parts[stride, length] = b"".join(
                struct.pack("=QQ", start + each * stride, length) for each in range(MEMBERS)
            )
        self._part_bytes[:] = found


class Fan:
    """Up to MEMBERS viewers whose packets differ in nothing but their templates, which have one
    length, and whose seals have one length."""

    def __init__(self, post: Post, members: Sequence[Member]) -> None:
        self._post = post
        self._members = tuple(members)
        self._count = len(members)
        self._templates = [each.template for each in members]
        self._template_bytes = len(members[0].template)
        self._tag_bytes = members[0].srtp.tag_bytes
        self._contexts = [each.srtp.context for each in members]
        self._messages: Any = _ffi.new("struct mmsghdr[]", self._count)
        for number, member in enumerate(members):
            header = self._messages[number].msg_hdr
            header.msg_name = member.place.name
            header.msg_namelen = member.place.size
            header.msg_iov = post.parts + number
            header.msg_iovlen = 1

    def send(self, head: bytes, tail: bytes) -> int:
        """Send head + template + tail to every member; how many went. `head` has 8 bytes."""
        post = self._post
        count = self._count
        length = 8 + self._template_bytes + len(tail)
        stride = (length + _TRAILER + _ALIGN - 1) & -_ALIGN
        if stride > _LARGEST_STRIDE:
            post.dropped += count
            return 0
        # What lies between two templates is the same for all: it is the separator of one join.
        between = tail + bytes(stride - length) + head
        written = head + between.join(self._templates) + tail
        post.bytes[0 : len(written)] = written
        post.set_lengths(length)
        if any(map(srtp_protect, self._contexts, post.pointers(stride), post.length_pointers)):
            return self._one_by_one(head, tail)
        post.set_parts(stride, length + self._tag_bytes)
        went = _sendmmsg(post.descriptor, self._messages, count, _DONTWAIT)
        if went < count:
            return self._rest(max(went, 0))
        post.sent += count
        return count

    def _rest(self, went: int) -> int:
        """The kernel stopped: one refused datagram is passed over, a full socket is not waited
        for."""
        post = self._post
        post.dropped += 1
        sent, at = went, went + 1
        while at < self._count:
            more = _sendmmsg(post.descriptor, self._messages + at, self._count - at, _DONTWAIT)
            if more <= 0:
                if _ffi.errno in (11, 105):
                    post.dropped += self._count - at
                    break
                post.dropped += 1
                at += 1
                continue
            sent += more
            at += more
        post.sent += sent
        return sent

    def _one_by_one(self, head: bytes, tail: bytes) -> int:
        """libsrtp refused one; the others get theirs. Those already sealed are sealed anew, which
        it allows for the same packet."""
        post = self._post
        sent = 0
        for number, member in enumerate(self._members):
            sealed = seal(post, member.srtp, head + member.template + tail)
            if sealed is None:
                post.unsealed += 1
                continue
            post.set_parts(_LARGEST_STRIDE, len(sealed))
            post.bytes[number * _LARGEST_STRIDE : number * _LARGEST_STRIDE + len(sealed)] = sealed
            sent += max(0, _sendmmsg(post.descriptor, self._messages + number, 1, _DONTWAIT))
        post.sent += sent
        return sent


def seal(
    post: Post,
    srtp: Srtp,
    packet: bytes,
    protect: Callable[[Any, Any, Any], int] = srtp_protect,
) -> bytes | None:
    """One packet, sealed; None when libsrtp will not. `protect` is for RTP or for RTCP."""
    length = len(packet)
    if length + _TRAILER > _LARGEST_STRIDE:
        return None
    post.bytes[0:length] = packet
    post.lengths[0] = length
    if protect(srtp.context, post.pointers(_LARGEST_STRIDE)[0], post.length_pointers[0]):
        return None
    return bytes(post.bytes[0 : post.lengths[0]])
