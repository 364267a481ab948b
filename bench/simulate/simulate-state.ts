import { partitionsOf } from './partitions.ts';
import { type ActuatorFigures, SimulatedActuator } from './simulated-actuator.ts';

export interface StateOptions {
  readonly dynos: number;
  /** What one actuator holds at most. */
  readonly dynosOfActuator: number;
  readonly partitions: number;
  /** Of simulated time. */
  readonly minutes: number;
}

export interface StateFigures {
  readonly dynos: number;
  readonly actuators: number;
  /** Dynos of the fullest partition. */
  readonly largestPartition: number;
  readonly bytesOfDyno: number;
  readonly cpuUsOfPoint: number;
  readonly cpuUsOfDecision: number;
  /** The lowest and the highest among the actuators. */
  readonly cpuUsOfPointRange: readonly [number, number];
  readonly restarts: number;
  readonly snapshot: { readonly bytes: number; readonly writeUs: number; readonly readUs: number };
}

/**
 * The state of a whole fleet: partitions are given out to as many actuators as it takes, and these run one after the
 * other, so that only one of them is in memory.
 */
export async function simulateState(
  { dynos, dynosOfActuator, partitions, minutes }: StateOptions,
  onActuator: (figures: ActuatorFigures) => void = () => {},
): Promise<StateFigures> {
  const all = partitionsOf(dynos, partitions);
  const actuators = Math.ceil(dynos / dynosOfActuator);
  const ran: Omit<ActuatorFigures, 'decisions'>[] = [];
  for (let actuator = 0; actuator < actuators; actuator++) {
    const held = all.filter((_, partition) => partition % actuators === actuator).flat();
    const figures = await new SimulatedActuator(held).run(minutes);
    onActuator(figures);
    const { decisions, ...numbers } = figures;
    ran.push(numbers);
  }
  const total = (read: (figures: (typeof ran)[number]) => number) => ran.reduce((sum, one) => sum + read(one), 0);
  const usOfPoint = ran.map(({ foldCpuMs, points }) => (foldCpuMs * 1000) / points);
  const snapshots = total(({ snapshots: { count } }) => count);
  return {
    dynos,
    actuators,
    largestPartition: Math.max(...all.map(({ length }) => length)),
    bytesOfDyno: total(({ bytes }) => bytes) / dynos,
    cpuUsOfPoint: (total(({ foldCpuMs }) => foldCpuMs) * 1000) / total(({ points }) => points),
    cpuUsOfDecision: (total(({ decideCpuMs }) => decideCpuMs) * 1000) / total(({ decided }) => decided),
    cpuUsOfPointRange: [Math.min(...usOfPoint), Math.max(...usOfPoint)],
    restarts: total(({ restarts }) => restarts),
    snapshot: {
      bytes: total(({ snapshots: { bytes } }) => bytes) / snapshots,
      writeUs: (total(({ snapshots: { writeCpuMs } }) => writeCpuMs) * 1000) / snapshots,
      readUs: (total(({ snapshots: { readCpuMs } }) => readCpuMs) * 1000) / snapshots,
    },
  };
}
