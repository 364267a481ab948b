import { type DiagLogger, diag } from '@opentelemetry/api';
import { afterEach, expect, it, vi } from 'vitest';
import { logToConsole } from '../../src/instrument/console-logger.ts';

afterEach(() => {
  diag.disable();
  vi.restoreAllMocks();
});

it('prints diagnostics from the level of OTEL_LOG_LEVEL on', () => {
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  const info = vi.spyOn(console, 'info').mockReturnValue();
  logToConsole(' warn ');
  diag.info('quiet');
  diag.warn('loud');
  expect(info).not.toHaveBeenCalled();
  expect(warn).toHaveBeenCalledExactlyOnceWith('loud');
});

it.each([undefined, '', 'loudly', 'toString'])('prints nothing if OTEL_LOG_LEVEL is %j', (level) => {
  const error = vi.spyOn(console, 'error').mockReturnValue();
  logToConsole(level);
  diag.error('unheard');
  expect(error).not.toHaveBeenCalled();
});

it("keeps the application's own logger", () => {
  const warn = vi.fn();
  const consoleWarn = vi.spyOn(console, 'warn').mockReturnValue();
  const silent = () => {};
  const own: DiagLogger = { error: silent, warn, info: silent, debug: silent, verbose: silent };
  diag.setLogger(own);
  logToConsole('all');
  diag.warn('heard');
  expect(warn).toHaveBeenCalledExactlyOnceWith('heard');
  expect(consoleWarn).not.toHaveBeenCalled();
});
