// Base32 (RFC 4648) without padding, as authenticators read their keys.

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export function base32(bytes: Uint8Array): string {
  let out = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += LETTERS[(value >> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return bits ? out + LETTERS[(value << (5 - bits)) & 31] : out;
}
