/** What an answer says, whichever encoding and message it is. */
export interface Answer {
  /** Of a partial success; 0 where there is none. */
  readonly rejectedDataPoints: number;
  /** Of a partial success or a Status; empty where there is none. */
  readonly message: string;
}

export async function readAnswer(response: Response): Promise<Answer> {
  const isStatus = response.status >= 400;
  if (response.headers.get('content-type') === 'application/json') {
    const body = (await response.json()) as {
      message?: string;
      partialSuccess?: { rejectedDataPoints: string; errorMessage: string };
    };
    if (isStatus) return { rejectedDataPoints: 0, message: body.message ?? '' };
    return {
      rejectedDataPoints: Number(body.partialSuccess?.rejectedDataPoints ?? 0),
      message: body.partialSuccess?.errorMessage ?? '',
    };
  }
  const fields = readFields(Buffer.from(await response.arrayBuffer()));
  if (isStatus) return { rejectedDataPoints: 0, message: String(fields.get(2) ?? '') };
  const partial = fields.has(1) ? readFields(fields.get(1) as Buffer) : new Map<number, number | Buffer>();
  return { rejectedDataPoints: Number(partial.get(1) ?? 0), message: String(partial.get(2) ?? '') };
}

/** Field number to value: a varint or the bytes of a field with a length. */
function readFields(bytes: Buffer): Map<number, number | Buffer> {
  const fields = new Map<number, number | Buffer>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const value = varint();
    if ((tag & 7) === 0) fields.set(tag >> 3, value);
    else if ((tag & 7) === 2) {
      if (at + value > bytes.length) throw new Error(`field ${tag >> 3} is cut`);
      fields.set(tag >> 3, bytes.subarray(at, at + value));
      at += value;
    } else throw new Error(`wire type ${tag & 7} in an answer`);
  }
  return fields;
}
