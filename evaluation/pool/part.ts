import { parentPort } from 'node:worker_threads';
import { type CandidateKey, candidateFor } from '../candidates.ts';
import { withChange } from '../restarters/tuned.ts';
import { type DynoScore, scoreDyno } from '../score.ts';
import { simulate } from '../simulate.ts';
import { familyOf, type Split, seedOf } from '../splits.ts';

/** Some dynos of one family under one rule. */
export interface Part {
  readonly candidate: CandidateKey;
  readonly family: string;
  readonly split: Split;
  readonly firstDyno: number;
  readonly dynos: number;
}

export function runPart(part: Part): readonly DynoScore[] {
  const candidate = candidateFor(part.candidate);
  const family = familyOf(part.family);
  const dyno = (index: number) =>
    scoreDyno(simulate(family, candidate, seedOf(part.split, part.family, part.firstDyno + index)));
  return withChange(part.candidate.change, () => Array.from({ length: part.dynos }, (_, index) => dyno(index)));
}

parentPort?.on('message', (part: Part) => parentPort?.postMessage(runPart(part)));
