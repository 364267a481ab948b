import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { openApiDocument } from '../../src/web/openapi.ts';

/** Answers of the API, held against the document that describes them. */

type Json = Record<string, unknown>;

/** No field may be answered that the document does not name, although receivers are asked to ignore such fields. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, closed(value)]);
  const own = Object.fromEntries(entries);
  return own.type === 'object' && own.properties !== undefined ? { additionalProperties: false, ...own } : own;
}

const document = closed(openApiDocument()) as {
  readonly paths: Record<string, Record<string, { readonly responses: Record<string, Json> }>>;
  readonly components: { readonly schemas: Json };
};

const ajv = new Ajv2020({ strict: false });
ajv.addSchema({ ...document, $id: 'document' });

/** Throws where the answer is not what the document says of that route and status. */
export async function expectDocumented(method: string, path: string, response: Response): Promise<void> {
  const found = Object.entries(document.paths).find(([pattern]) => matches(pattern, path));
  const responses = found?.[1][method.toLowerCase()]?.responses;
  const declared = responses?.[response.status] ?? responses?.default;
  if (found === undefined || declared === undefined)
    throw new Error(`${method} ${path} answers ${response.status}, which is not in the document`);
  const schema = (declared.content as { 'application/json': { schema: Json } })['application/json'].schema;
  const validate: ValidateFunction = ajv.compile(absolute(schema) as Json);
  if (!validate(await response.clone().json()))
    throw new Error(`${method} ${path} ${response.status}: ${ajv.errorsText(validate.errors)}`);
}

function matches(pattern: string, path: string): boolean {
  return new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]+')}$`).test(path);
}

function absolute(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"document#/components'));
}
