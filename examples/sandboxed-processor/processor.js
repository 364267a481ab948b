const sent = [];

/** Runs in a child process: what it keeps is the child's, and is told as this job's. */
export default async function processor() {
  sent.push(Buffer.alloc(20_000_000, 1));
}
