import { assess } from '../detector/rules/assess.ts';
import type { Decision, Reason, Verdict } from '../model/decision.ts';
import type { Listing } from '../model/listing.ts';
import { isDry } from '../model/permission.ts';
import { type TargetKey, targetKey } from '../model/target.ts';
import type { DecideInput } from './decide-input.ts';
import { anotherFirst, type Gate } from './gate-words.ts';
import { gateOf } from './gates.ts';
import { earlyRestarts } from './quick-restarts.ts';

/**
 * A decision for every boot, in the given order; pure and level-based. First the curve is judged, then whether a
 * restart is possible now: if not, the decision becomes `none` with the reason against it. At most one boot of a target
 * is restarted.
 */
export function decide(input: DecideInput): readonly Decision[] {
  const steps = decideInSteps(input);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/**
 * The same in steps, about one boot each, between which boots may report. Each boot is assessed in one step, at the
 * time and by the ledgers of the input; which boot of a target comes first is seen from all of these decisions at the
 * end. So no target gets two restarts, or one for a boot that was only the fullest of a part of its boots.
 */
export function* decideInSteps(input: DecideInput): Generator<void, readonly Decision[]> {
  const judged: Decision[] = [];
  for (const candidate of input.boots) {
    judged.push(judgeBoot(input, candidate));
    yield;
  }
  const first = firstOfTargets(judged);
  return judged.map((decision) => {
    if (decision.action !== 'restart' || decision.target === null) return decision;
    return first.get(targetKey(decision.target)) === decision ? decision : gated(decision, anotherFirst(decision));
  });
}

function judgeBoot(input: DecideInput, { boot, facts, listing = null }: DecideInput['boots'][number]): Decision {
  const { app, dyno, processType, bootId } = boot.identity;
  const target = app === null ? null : { app, processType };
  const ledger = target === null ? null : (input.ledgers.get(targetKey(target)) ?? null);
  const context = {
    nowMs: input.nowMs,
    facts,
    learnedFloorBytes: ledger?.learnedFloorBytes ?? null,
    uselessRestarts: ledger?.uselessRestarts ?? 0,
    earlyRestarts: ledger === null ? 'usual' : earlyRestarts({ ...ledger, windowMs: input.policy.windowMs }, dyno),
  };
  const verdict: Verdict = assess(boot, context, input.policy);
  const decision: Decision = {
    ...verdict,
    app,
    dyno,
    processType,
    bootId,
    target,
    wanted: verdict.action === 'restart' ? verdict.reason : null,
    dryRun: target === null ? input.permissions.dryRun === true : isDry(input.permissions, target),
  };
  if (listing?.kind === 'unlisted') return setAside(decision, listing);
  if (verdict.action !== 'restart') return decision;
  const gate = gateOf(input, { decision, ledger, boot, facts, listing });
  if (gate !== null) return gated(decision, gate);
  return boot.activeJobs === null ? { ...decision, explanation: `${decision.explanation} ${NO_DRAIN}` } : decision;
}

/** Of a dyno whose processes do not report their jobs: another program than an instrumented worker. */
const NO_DRAIN =
  'What runs in it does not report jobs, so none is drained: after the grace it gets SIGTERM, and 30 s to finish.';

/** A boot that is not a listed dyno is shown with the reason, and gets no advice. */
function setAside(decision: Decision, { reason, says }: Extract<Listing, { kind: 'unlisted' }>): Decision {
  const explanation = `${decision.explanation} ${says}`;
  return decision.action === 'none'
    ? { ...decision, explanation }
    : { ...decision, action: 'none', reason, explanation };
}

/** Reasons that only a person can end, so they become advice. All others end by themselves. */
const ADVICE: ReadonlySet<Reason> = new Set(['breaker-open', 'eviction-policy']);

function gated(decision: Decision, { reason, says, untilMs }: Gate): Decision {
  const explanation = `${decision.explanation} ${says}`;
  return {
    ...decision,
    action: ADVICE.has(reason) ? 'advise' : 'none',
    reason,
    explanation,
    waitsUntilMs: untilMs ?? null,
  };
}

/** The boot of each target that is restarted first: an urgent one, then the fullest. */
function firstOfTargets(decisions: readonly Decision[]): ReadonlyMap<TargetKey, Decision> {
  const first = new Map<TargetKey, Decision>();
  for (const decision of decisions) {
    if (decision.action !== 'restart' || decision.target === null) continue;
    const key = targetKey(decision.target);
    const other = first.get(key);
    if (other === undefined || comesBefore(decision, other)) first.set(key, decision);
  }
  return first;
}

function comesBefore(a: Decision, b: Decision): boolean {
  if (a.urgent !== b.urgent) return a.urgent;
  return (a.usageBytes ?? 0) > (b.usageBytes ?? 0);
}
