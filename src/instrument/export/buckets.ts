const KIB = 1024;

/**
 * Bytes. Powers of 4 from 64 KiB to 4 GiB: a job's change spans that range, and the SDK's default buckets end at
 * 10,000.
 */
export const BYTE_BUCKETS = Array.from({ length: 9 }, (_, power) => 64 * KIB * 4 ** power);

/** Seconds. The semantic conventions recommend these for `messaging.process.duration`. */
export const SECOND_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
