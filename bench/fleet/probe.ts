/*
 * Loaded into the actuator's process by --import. It answers each message of its parent with what the process has used
 * since the last one. The longest time without a turn of the event loop is measured twice: by the wall clock, in which
 * other programs on the machine count, and by the CPU time of the thread, in which they do not.
 */
const EVERY_MS = 20;

let longestWallMs = 0;
let longestCpuMs = 0;
let wallMs = performance.now();
let cpuMs = threadCpuMs();

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

setInterval(() => {
  const [nowWallMs, nowCpuMs] = [performance.now(), threadCpuMs()];
  longestWallMs = Math.max(longestWallMs, nowWallMs - wallMs - EVERY_MS);
  longestCpuMs = Math.max(longestCpuMs, nowCpuMs - cpuMs);
  [wallMs, cpuMs] = [nowWallMs, nowCpuMs];
}, EVERY_MS).unref();

process.on('message', () => {
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ longestWallMs, longestCpuMs, heapUsedBytes: heapUsed, externalBytes: external });
  longestWallMs = longestCpuMs = 0;
});
process.channel?.unref();
