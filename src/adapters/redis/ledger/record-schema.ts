import { z } from 'zod';

/** Parts of the schemas of what is read back from Redis. Others can write there: each number and text has its bounds. */

const MAX_TEXT_LENGTH = 16 * 1024;
/** The last time that a `Date` can show. */
const MAX_TIME_MS = 8.64e15;

export const text = z.string().max(MAX_TEXT_LENGTH);
/** Unix ms. */
export const time = z.number().min(0).max(MAX_TIME_MS);
export const nullableTime = time.nullable();
/** Bytes, a count or a duration. */
export const amount = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
export const nullableAmount = amount.nullable();
