/** For a misspelt name: the one known name that differs in at most two letters. */
export function hint(name: string, known: Iterable<string>, prefix = ''): string {
  const close = [...known].find((candidate) => editDistance(candidate, name) <= 2);
  return close === undefined ? '' : ` (did you mean ${prefix}${close}?)`;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substituted, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
