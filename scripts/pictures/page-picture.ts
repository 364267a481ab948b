import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { CHROMIUM, installedProgram } from '../installed-program.ts';

/** The dynos and the jobs that grew them fit. */
const SIZE = { width: 1280, height: 1000 };
const QUALITY = 90;
/** Curves and the fonts' figures have come to rest. */
const SETTLED_MS = 1_500;
const ASK_EVERY_MS = 500;

/**
 * A picture (WebP) of the page, light, as soon as a restart is over whose gain is known: then it shows the curve, the
 * job and the restart.
 *
 * @param pageUrl of an actuator that needs no token
 */
export async function photographPage(pageUrl: string, signal: AbortSignal): Promise<Buffer> {
  const executablePath = await installedProgram(CHROMIUM);
  await untilTelling(pageUrl, signal);
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: SIZE, colorScheme: 'light' });
    await page.goto(pageUrl);
    await page.locator('.row').first().waitFor();
    await delay(SETTLED_MS, undefined, { signal });
    const session = await page.context().newCDPSession(page);
    const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY });
    return Buffer.from(data, 'base64');
  } finally {
    await browser.close();
  }
}

async function untilTelling(pageUrl: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const response = await fetch(new URL('/api/attempts', pageUrl), { signal });
    const { attempts } = (await response.json()) as {
      readonly attempts: readonly { reclaimed_bytes: number | null }[];
    };
    if (attempts.some(({ reclaimed_bytes }) => reclaimed_bytes !== null)) return;
    await delay(ASK_EVERY_MS, undefined, { signal });
  }
}
