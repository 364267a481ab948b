/** The colours of what is drawn on a canvas, which style sheets do not reach. tokens.css has their values. */
export interface Palette {
  readonly usage: string;
  readonly usageFill: string;
  readonly floor: string;
  readonly limit: string;
  readonly softLimit: string;
  readonly restart: string;
  readonly deploy: string;
  readonly act: string;
  readonly jobs: string;
  readonly jobsFill: string;
  readonly grid: string;
  readonly text: string;
}

const DARK = matchMedia('(prefers-color-scheme: dark)');

let current: { readonly isDark: boolean; readonly palette: Palette } | null = null;

export function palette(): Palette {
  if (current?.isDark !== DARK.matches) current = { isDark: DARK.matches, palette: readPalette() };
  return current.palette;
}

/**
 * @param redraw called after the reader's system has switched between light and dark
 * @returns ends that
 */
export function onThemeChange(redraw: () => void): () => void {
  DARK.addEventListener('change', redraw);
  return () => DARK.removeEventListener('change', redraw);
}

function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    usage: colour('curve-usage'),
    usageFill: colour('curve-usage-fill'),
    floor: colour('curve-floor'),
    limit: colour('curve-limit'),
    softLimit: colour('curve-soft-limit'),
    restart: colour('curve-restart'),
    deploy: colour('curve-deploy'),
    act: colour('act'),
    jobs: colour('curve-jobs'),
    jobsFill: colour('curve-jobs-fill'),
    grid: colour('line'),
    text: colour('muted'),
  };
}
