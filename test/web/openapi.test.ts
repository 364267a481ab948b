import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { createApi } from '../../src/web/api.ts';
import type { ActuatorControl } from '../../src/web/control.ts';
import { openApiDocument } from '../../src/web/openapi.ts';
import { readPageFiles } from '../../src/web/page-files.ts';

const document = openApiDocument() as unknown as {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly security?: readonly unknown[] }>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, { readonly properties?: object }>> };
};
const routes = () => {
  const admission = {
    adminToken: null,
    readToken: null,
    startToken: 'start',
    publicUrl: null,
    remoteAddress: () => '127.0.0.1',
  };
  const control = {} as ActuatorControl;
  const api = createApi({ control, admission, page: readPageFiles(null), events: async () => new Response() });
  return api.routes.filter(({ method }) => method !== 'ALL');
};

describe('the document of the API', () => {
  it('is valid OpenAPI 3.1, with a version', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(document)));
    expect({ valid, errors, version: validator.version }).toEqual({ valid: true, errors: undefined, version: '3.1' });
    expect(document.info.version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('describes every route that the app serves, and no other but the ingest', () => {
    const served = routes().map(
      ({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}').replace('*', '{file}')}`,
    );
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(described.filter((route) => !route.startsWith('post /v1/')).sort()).toEqual(served.sort());
    expect(described).toEqual(
      expect.arrayContaining(['post /v1/metrics', 'post /v1/logplex', 'post /v1/logplex/{app}']),
    );
  });

  it('says which routes are open to everyone', () => {
    const open = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.values(methods).some(({ security }) => security?.length === 0) ? [path] : [],
    );
    expect(open).toEqual(['/healthz', '/readyz']);
  });

  it('names the fields that scripts rely on', () => {
    const fields = (name: string) => Object.keys(document.components.schemas[name]?.properties ?? {});
    expect(fields('Decision')).toEqual(
      expect.arrayContaining(['time', 'app', 'dyno', 'boot_id', 'class', 'action', 'reason', 'explanation', 'outcome']),
    );
    expect(fields('Dyno')).toEqual(expect.arrayContaining(['usage_bytes', 'limit_bytes', 'floor_bytes']));
  });
});
