import type { Session } from 'node:inspector';
import type { NotSampledBecause } from '../../shared/memory-report-messages.ts';
import type { ProfileNode } from './allocation-sites.ts';

/**
 * On average, one sample is taken each time this many bytes have been allocated. A leak of 50 MB leaves about 100
 * samples, and a process that allocates 200 MB/s takes 400 samples a second.
 */
const SAMPLING_INTERVAL_BYTES = 512 * 1024;
/** Calls kept of each sample: enough to find the application's function above a package's. */
const STACK_DEPTH = 32;

/** The parts of `inspector.Session` that are used. */
export type InspectorSession = Pick<Session, 'connect' | 'disconnect' | 'post'>;

/** A running sampling of this thread's allocations, on an inspector session of its own. */
export interface HeapSampling {
  /** What was allocated since the start and is still in use. Takes a full garbage collection. Ends the sampling. */
  take(): Promise<ProfileNode>;
  /** Ends it, and forgets the samples. Takes no garbage collection. */
  drop(): void;
}

/**
 * Starts to sample allocations. V8 has one sampler for each heap, and starting a second one would end in reading, and
 * stopping, the first one's: an APM or a debugger that samples already is left alone. Never rejects.
 */
export async function startHeapSampling(
  open: () => InspectorSession = openSession,
): Promise<HeapSampling | NotSampledBecause> {
  let session: InspectorSession | null = null;
  try {
    session = open();
    session.connect();
    if (await isSampledAlready(session)) {
      session.disconnect();
      return 'another-profiler';
    }
    const options = { samplingInterval: SAMPLING_INTERVAL_BYTES, stackDepth: STACK_DEPTH };
    await post(session, 'HeapProfiler.startSampling', options);
    return samplingOn(session);
  } catch {
    session?.disconnect();
    return 'unavailable';
  }
}

function samplingOn(session: InspectorSession): HeapSampling {
  return {
    async take() {
      try {
        const { profile } = (await post(session, 'HeapProfiler.stopSampling')) as { profile: { head: ProfileNode } };
        return profile.head;
      } finally {
        session.disconnect();
      }
    },
    // V8 stops what the session has started.
    drop: () => session.disconnect(),
  };
}

/** V8 answers this question with an error while nothing samples the heap. */
async function isSampledAlready(session: InspectorSession): Promise<boolean> {
  try {
    await post(session, 'HeapProfiler.getSamplingProfile');
    return true;
  } catch {
    return false;
  }
}

function post(session: InspectorSession, method: string, params: object = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    session.post(method, params, (error, result) => (error === null ? resolve(result) : reject(error)));
  });
}

/** Loaded when it is first needed. Throws in a Node.js that was built without inspector, or forbids it. */
function openSession(): InspectorSession {
  const { Session } = process.getBuiltinModule('node:inspector');
  return new Session();
}
