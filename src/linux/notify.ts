/**
 * Datagrams to the socket by which a supervisor such as systemd is told how a
 * service does: socket(2), sendto(2).
 *
 * @module
 */

import { encodeName } from "../text.ts";
import { closeFd } from "./file.ts";
import { checked, libc } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x80000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/**
 * Sends one datagram to a unix socket.
 *
 * @param path Path of the socket; one that starts with `@` has an abstract name.
 * @param text What to send.
 * @throws {SyscallError} such as `ENOENT`, `ECONNREFUSED`; `EINVAL` for a path
 * that is too long.
 */
export function sendDatagram(path: string, text: string): void {
  const address = socketAddress(path);
  const bytes = encodeName(text);
  const fd = checked(
    libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0),
    "socket",
    path,
  );
  try {
    checked(
      libc.sendto(
        fd,
        bytes,
        BigInt(bytes.length),
        MSG_DONTWAIT | MSG_NOSIGNAL,
        address,
        address.length,
      ),
      "sendto",
      path,
    );
  } finally {
    closeFd(fd);
  }
}

/** `struct sockaddr_un`: the family, then the path, which a leading NUL makes abstract. */
function socketAddress(path: string): Uint8Array<ArrayBuffer> {
  const name = encodeName(path);
  if (path.startsWith("@")) name[0] = 0;
  const address = new Uint8Array(2 + name.length);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  return address;
}
