const PER_LINE = 16;

/** The head of some bytes as people read them: offset, hexadecimal, printable ASCII. */
export function hexDump(bytes: Uint8Array, limit = 256): string[] {
  const lines: string[] = [];
  for (let offset = 0; offset < Math.min(bytes.byteLength, limit); offset += PER_LINE) {
    const part = Buffer.from(bytes.subarray(offset, Math.min(offset + PER_LINE, limit)));
    const hex = part.toString('hex').match(/../g)?.join(' ') ?? '';
    const text = part.toString('latin1').replaceAll(/[^\x20-\x7e]/g, '.');
    lines.push(`${offset.toString(16).padStart(8, '0')}  ${hex.padEnd(PER_LINE * 3 - 1)}  ${text}`);
  }
  if (bytes.byteLength > limit) lines.push(`… ${bytes.byteLength - limit} more bytes`);
  return lines;
}
