/** A dyno size as the platform lists it. */
export interface DynoSize {
  readonly name: string;
  /** In GB of 1024 MB, as the Platform API gives it. */
  readonly memory: number;
  readonly generation?: 'cedar' | 'fir';
  readonly privateSpaceOnly?: boolean;
}

/** Heroku's sizes of the Common Runtime, one of a Private Space and one of Fir (Dev Center, "Dyno Types"). */
const HEROKU_SIZES: readonly DynoSize[] = [
  { name: 'Eco', memory: 0.5 },
  { name: 'Basic', memory: 0.5 },
  { name: 'Standard-1X', memory: 0.5 },
  { name: 'Standard-2X', memory: 1 },
  { name: 'Performance-M', memory: 2.5 },
  { name: 'Performance-L', memory: 14 },
  { name: 'Private-S', memory: 1, privateSpaceOnly: true },
  { name: 'dyno-1c-0.5gb', memory: 0.5, generation: 'fir' },
];

/** Heroku's sizes and the given ones, which replace those with the same name. Case is ignored. */
export function dynoSizes(own: readonly DynoSize[]): readonly DynoSize[] {
  const names = new Set(own.map((size) => size.name.toLowerCase()));
  return [...HEROKU_SIZES.filter((size) => !names.has(size.name.toLowerCase())), ...own];
}

/** Throws if there is no such size: without a quota every test of the dyno would mislead. */
export function findSize(sizes: readonly DynoSize[], name: string): DynoSize {
  const size = sizes.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
  if (size === undefined)
    throw new Error(`there is no dyno size "${name}"; known: ${sizes.map((s) => s.name).join(', ')}`);
  return size;
}

export function memoryBytes(size: DynoSize): number {
  return Math.round(size.memory * 2 ** 30);
}
