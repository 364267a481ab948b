/**
 * The process type in a dyno's name: `worker.1` is of type `worker` (Cedar), and so is `worker-23z34x56y-w78k9` (Fir: a
 * pod name, which is the type and two groups). A type may itself contain hyphens. A name of another form counts as the
 * type.
 */
export function processTypeOf(dynoName: string): string {
  const dot = dynoName.indexOf('.');
  if (dot > 0) return dynoName.slice(0, dot);
  return /^(.+)-[0-9a-z]+-[0-9a-z]{5}$/.exec(dynoName)?.[1] ?? dynoName;
}
