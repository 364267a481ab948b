import { z } from 'zod';

/**
 * Shared parts of the schemas for data from Redis. Other programs can write there, so each number and text has bounds.
 */

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
