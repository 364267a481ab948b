import { parentPort } from 'node:worker_threads';
import { type CandidateKey, candidateFor, TIDEMARK_KEY } from '../candidates.ts';
import { isRight, judgeCandidate, judgeOwn } from '../recordings/judge.ts';
import { readRecordings } from '../recordings/recorded.ts';
import { withChange } from '../restarters/tuned.ts';

const recordings = readRecordings();

/** Whether a rule is right about each of the recordings. */
function run(candidate: CandidateKey): readonly boolean[] {
  const isOwn = candidate.name === TIDEMARK_KEY.name;
  const verdicts = withChange(candidate.change, () =>
    isOwn
      ? recordings.map((recorded) => judgeOwn(recorded).verdict)
      : judgeCandidate(candidateFor(candidate), recordings).verdicts,
  );
  return verdicts.map(isRight);
}

parentPort?.on('message', (candidate: CandidateKey) => parentPort?.postMessage(run(candidate)));
