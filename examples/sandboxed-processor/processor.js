const sent = [];

/** Runs in a child process: what it keeps belongs to the child, and is reported as this job's. */
export default async function processor() {
  sent.push(Buffer.alloc(20_000_000, 1));
}
