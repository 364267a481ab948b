import { z } from 'zod';
import { PlatformError } from '../../model/errors.ts';
import type { DynoQuota, PlatformDyno } from '../../ports.ts';
import { quotaOf } from './quota.ts';

/** Heroku's names and ids are shorter; what is longer would be kept in memory and in Redis. */
const name = z.string().max(200);
/** Of one app, or of one account. */
const MAX_ENTRIES = 10_000;

function listOf<T extends z.ZodType>(entry: T) {
  return z.array(entry).max(MAX_ENTRIES);
}

const timestamp = z
  .string()
  .max(100)
  .refine((text) => !Number.isNaN(Date.parse(text)), 'is no time');

/** The dyno of Heroku's schema. The schema requires no field; here those that identify a dyno are required. */
const dyno = z.object({
  id: name.min(1),
  name: name.min(1),
  type: name.min(1),
  /** Heroku documents the states in prose only, so any text is accepted. */
  state: name,
  size: name.nullish(),
  created_at: timestamp,
  release: z.object({ version: z.number().int().nullish() }).nullish(),
});

const dynoSize = z.object({
  name: name.min(1),
  /** In GB. */
  memory: z.number().nullish(),
  private_space_only: z.boolean().nullish(),
  generation: z.object({ name: name.nullish() }).nullish(),
});

const account = z.object({ id: name.min(1), email: name });

const app = z.object({ name: name.min(1) });

const webhook = z.object({ url: z.string().max(2000), include: listOf(name) });

const formationEntry = z.object({
  type: name.min(1),
  quantity: z.number().int().nonnegative(),
  /** A name, in older answers; both are there in some. */
  size: name.nullish(),
  dyno_size: z.object({ name: name.nullish() }).nullish(),
});

const authorization = z.object({
  scope: listOf(name),
  access_token: z.object({ token: z.string().nullish(), expires_in: z.number().nullish() }).nullish(),
});

/** One process type of an app. */
export interface FormationEntry {
  readonly processType: string;
  /** How many dynos of it should run. */
  readonly quantity: number;
  readonly size: string | null;
}

/** Who the token speaks for. */
export interface HerokuAccount {
  readonly id: string;
  readonly email: string;
}

export function parseDynos(body: unknown, what: string): readonly PlatformDyno[] {
  return parse(listOf(dyno), body, what).map((entry) => ({
    id: entry.id,
    name: entry.name,
    processType: entry.type,
    state: entry.state,
    size: entry.size ?? null,
    createdAtMs: Date.parse(entry.created_at),
    releaseVersion: entry.release?.version ?? null,
  }));
}

/** The quotas by lower-case size name, without sizes of unknown memory. */
export function parseQuotas(body: unknown, what: string): ReadonlyMap<string, DynoQuota> {
  const quotas = new Map<string, DynoQuota>();
  for (const entry of parse(listOf(dynoSize), body, what)) {
    const quota = quotaOf({
      name: entry.name,
      memoryGb: entry.memory ?? null,
      privateOrFir: entry.private_space_only === true || entry.generation?.name === 'fir',
    });
    if (quota !== null) quotas.set(entry.name.toLowerCase(), quota);
  }
  return quotas;
}

export function parseAccount(body: unknown, what: string): HerokuAccount {
  return parse(account, body, what);
}

export function parseApps(body: unknown, what: string): readonly string[] {
  return parse(listOf(app), body, what).map(({ name }) => name);
}

/** A subscription to app webhooks. */
export type WebhookSubscription = Readonly<z.output<typeof webhook>>;

export function parseWebhooks(body: unknown, what: string): readonly WebhookSubscription[] {
  return parse(listOf(webhook), body, what);
}

export function parseFormation(body: unknown, what: string): readonly FormationEntry[] {
  return parse(listOf(formationEntry), body, what).map(({ type, quantity, size, dyno_size }) => ({
    processType: type,
    quantity,
    size: size ?? dyno_size?.name ?? null,
  }));
}

/** What a token may do, and for how long. */
export interface TokenGrant {
  readonly scopes: readonly string[];
  /** Null: it does not expire. */
  readonly expiresInMs: number | null;
}

/** The authorization that this token belongs to; null where none of those listed is its. */
export function parseGrantOf(token: string, body: unknown, what: string): TokenGrant | null {
  const own = parse(listOf(authorization), body, what).find(({ access_token }) => access_token?.token === token);
  if (own === undefined) return null;
  const expiresInS = own.access_token?.expires_in ?? null;
  return { scopes: own.scope, expiresInMs: expiresInS === null ? null : expiresInS * 1000 };
}

function parse<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const first = result.error.issues[0];
  const where = first === undefined ? '' : ` (${first.path.join('.') || 'body'}: ${first.message})`;
  throw new PlatformError('unavailable', `${what}: the answer does not have the documented form${where}`);
}
