/** Cells of a dyno's bar. */
export const BAR_CELLS = 20;

interface Memory {
  readonly usage_bytes: number | null;
  readonly limit_bytes: number | null;
  readonly soft_limit_bytes: number | null;
  readonly hard_limit_bytes: number | null;
}

/**
 * Usage as blocks. The whole bar is the quota, or the hard limit where that is higher; `┊` marks the soft limit, `│`
 * the hard one.
 */
export function bar({ usage_bytes, limit_bytes, soft_limit_bytes, hard_limit_bytes }: Memory): string {
  if (limit_bytes === null || limit_bytes <= 0) return ' '.repeat(BAR_CELLS);
  const wholeBytes = Math.max(limit_bytes, hard_limit_bytes ?? 0);
  const filled = Math.round(((usage_bytes ?? 0) / wholeBytes) * BAR_CELLS);
  const soft = markAt(soft_limit_bytes, wholeBytes);
  const hard = markAt(hard_limit_bytes, wholeBytes);
  return Array.from({ length: BAR_CELLS }, (_, cell) => {
    if (cell === hard) return '│';
    if (cell === soft) return '┊';
    return cell < filled ? '█' : '·';
  }).join('');
}

/** The last cell below a limit, or null if there is none. */
function markAt(bytes: number | null, wholeBytes: number): number | null {
  return bytes === null ? null : Math.min(BAR_CELLS, Math.max(1, Math.round((bytes / wholeBytes) * BAR_CELLS))) - 1;
}
