/** Bytes as text (RFC 4648, section 4). */

const PADDED = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** Null where the text is not Base64: `Buffer` alone would skip what it cannot read. */
export function fromBase64(text: string): Uint8Array | null {
  return PADDED.test(text) ? Uint8Array.from(Buffer.from(text, 'base64')) : null;
}
