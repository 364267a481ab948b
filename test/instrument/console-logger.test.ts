import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { afterEach, expect, it, vi } from 'vitest';
import { logToConsole } from '../../src/instrument/console-logger.ts';

afterEach(() => {
  vi.restoreAllMocks();
  diag.disable();
});

it('prints diagnostics from the level of OTEL_LOG_LEVEL on', () => {
  const setLogger = vi.spyOn(diag, 'setLogger');
  logToConsole(' warn ');
  expect(setLogger).toHaveBeenCalledExactlyOnceWith(expect.any(Object), { logLevel: DiagLogLevel.WARN });
});

it.each(['30', 'loudly', 'toString'])('prints from INFO on, and warns, if OTEL_LOG_LEVEL is %j', (value) => {
  const setLogger = vi.spyOn(diag, 'setLogger');
  const warn = vi.spyOn(diag, 'warn').mockReturnValue();
  logToConsole(value);
  expect(setLogger).toHaveBeenCalledExactlyOnceWith(expect.any(Object), { logLevel: DiagLogLevel.INFO });
  expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(`OTEL_LOG_LEVEL="${value}" is not one of`));
});

it.each([undefined, '', ' '])('sets no logger if OTEL_LOG_LEVEL is %j', (level) => {
  const setLogger = vi.spyOn(diag, 'setLogger');
  logToConsole(level);
  expect(setLogger).not.toHaveBeenCalled();
});

it("keeps the application's own logger", () => {
  const warn = vi.fn();
  const silent = () => {};
  const own: DiagLogger = { error: silent, warn, info: silent, debug: silent, verbose: silent };
  diag.setLogger(own, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  logToConsole('all');
  diag.warn('heard');
  expect(warn).toHaveBeenCalledExactlyOnceWith('heard');
});
