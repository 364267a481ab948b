/**
 * How the page scrolls with 500 dynos, in a real Chromium: `npm run build && node bench/page.ts`.
 *
 * Each run scrolls for some seconds, a step a frame, and notes the time between frames. A page of as many plain rows,
 * without a script, shows what this machine's software rasteriser allows; what the page adds is its own main thread.
 */
import { chromium, type Page } from 'playwright-core';
import { CHROMIUM, installedProgram } from '../scripts/installed-program.ts';
import { openLab } from '../test/page/lab/browser.ts';
import { largeFleet } from '../test/page/lab/fleet.ts';

const DYNOS = 500;
const ROW_PX = 84;
const FRAMES = 400;
const STEP_PX = 60;
const FRAME_MS = 1000 / 60;
const SIZE = { width: 1280, height: 800 };

interface Scrolling {
  readonly medianMs: number;
  readonly p95Ms: number;
  /** Of all frames that 60 a second would have been. */
  readonly droppedFraction: number;
  /** CPU time of the page's main thread, for each frame: other work on the machine does not count. */
  readonly mainThreadMs: number;
  /** The same of all of Chromium's processes: what 60 frames a second take of the cores is 60 times this. */
  readonly allMs: number;
}

/** Runs in the browser: the times between frames, in ms. As text, because the types of this folder are Node's. */
const SCROLL = `(async () => {
  const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const gaps = [];
  let last = await nextFrame();
  for (let frame = 0; frame < ${FRAMES}; frame += 1) {
    scrollBy(0, ${STEP_PX});
    const now = await nextFrame();
    gaps.push(now - last);
    last = now;
  }
  return gaps;
})()`;

async function scroll(page: Page): Promise<Scrolling> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const cpuMs = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return 1000 * (metrics.find(({ name }) => name === 'ThreadTime')?.value ?? 0);
  };
  const browser = await page.context().browser()?.newBrowserCDPSession();
  const allCpuMs = async () => {
    const { processInfo = [] } = (await browser?.send('SystemInfo.getProcessInfo')) ?? {};
    return 1000 * processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  };
  const before = await cpuMs();
  const allBefore = await allCpuMs();
  const gaps = await page.evaluate<number[]>(SCROLL);
  const mainThreadMs = ((await cpuMs()) - before) / FRAMES;
  const allMs = ((await allCpuMs()) - allBefore) / FRAMES;
  const sorted = [...gaps].sort((a, b) => a - b);
  const at = (fraction: number) => sorted[Math.floor(fraction * (sorted.length - 1))] ?? 0;
  const wholeMs = gaps.reduce((sum, gap) => sum + gap, 0);
  const droppedFraction = Math.max(0, 1 - (gaps.length * FRAME_MS) / wholeMs);
  return { medianMs: at(0.5), p95Ms: at(0.95), droppedFraction, mainThreadMs, allMs };
}

function row(name: string, { medianMs, p95Ms, droppedFraction, mainThreadMs, allMs }: Scrolling): string {
  const ms = (value: number) => `${value.toFixed(1)} ms`.padStart(8);
  const dropped = `${(100 * droppedFraction).toFixed(0)} %`.padStart(5);
  return `${name.padEnd(34)} ${ms(medianMs)} ${ms(p95Ms)} ${dropped} ${ms(mainThreadMs)} ${ms(allMs)}`;
}

async function plainPage(): Promise<Scrolling> {
  const browser = await chromium.launch({ executablePath: await installedProgram(CHROMIUM), args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: SIZE });
    const rows = Array.from({ length: DYNOS }, (_, index) => `<p style="height:${ROW_PX}px;margin:0">row ${index}</p>`);
    await page.setContent(rows.join(''));
    return await scroll(page);
  } finally {
    await browser.close();
  }
}

const lab = await openLab();
try {
  const { page, close } = await lab.open({ dynos: largeFleet(DYNOS) }, { viewport: SIZE });
  await page.locator('.row').first().waitFor();
  const paintMs = await page.evaluate<number>(
    `performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN`,
  );
  // Not a function that waits: the page's policy forbids what it would evaluate.
  await page.locator('#nav-dynos', { hasText: String(DYNOS) }).waitFor();
  console.log(`first paint with ${DYNOS} dynos: ${paintMs.toFixed(0)} ms\n`);
  console.log(`${'scrolling'.padEnd(34)}   median      p95  lost     main      all (CPU a frame)`);
  console.log(row(`the page, ${DYNOS} dynos`, await scroll(page)));
  await close();
  console.log(row(`${DYNOS} plain rows, no script`, await plainPage()));
} finally {
  await lab.close();
}
